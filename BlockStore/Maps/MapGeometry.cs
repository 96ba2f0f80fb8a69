namespace Tidegate.BlockStore.Maps;

/// <summary>The shape of the map tree: 512 entries a page, leaves at level 0.</summary>
internal static class MapGeometry
{
    /// <summary>Level of the root that covers the largest volume.</summary>
    public const int MaxLevel = 3;

    private const int EntryBits = 9;

    /// <summary>Blocks under one page of a level, as a power of two.</summary>
    public static int SpanBits(int level) => EntryBits * (level + 1);

    /// <summary>Lowest level whose one page covers every block of a volume.</summary>
    public static int RootLevel(long sizeBytes)
    {
        var blocks = (sizeBytes + BlockGeometry.BlockBytes - 1) / BlockGeometry.BlockBytes;
        var level = 0;
        while (1L << SpanBits(level) < blocks) level++;
        return level;
    }

    public static long FirstBlock(int level, long number) => number << SpanBits(level);

    public static int SlotOf(int level, long block) => (int)((block >> (EntryBits * level)) & (BlockGeometry.PageEntries - 1));
}
