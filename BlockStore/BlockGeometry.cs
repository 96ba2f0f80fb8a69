namespace Tidegate.BlockStore;

/// <summary>Units of every format (<c>docs/formats/overview.md</c>, Units).</summary>
public static class BlockGeometry
{
    /// <summary>Smallest unit stored.</summary>
    public const int SectorBytes = 4096;
    /// <summary>Unit of the map.</summary>
    public const int BlockBytes = 65536;
    /// <summary>Sectors of a block: one bit each in a fragment's mask.</summary>
    public const int SectorsPerBlock = BlockBytes / SectorBytes;
    /// <summary>Entries of a map page: 32 MiB under a leaf.</summary>
    public const int PageEntries = 512;
    /// <summary>Largest volume.</summary>
    public const long MaxVolumeBytes = 16L << 40;
}
