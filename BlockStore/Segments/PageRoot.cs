using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Segments;

/// <summary>The root page of a tree and its level; leaves are level 0.</summary>
public sealed record PageRoot(int Level, PageReference Page)
{
    internal static void WriteOptional(FormatWriter writer, OwnerTable owners, PageRoot? root)
    {
        writer.Flag(root is not null);
        if (root is null) return;
        writer.U8((byte)root.Level);
        root.Page.Write(writer, owners);
    }

    internal static PageRoot? ReadOptional(ref FormatReader reader, OwnerTable owners, SegmentKind kind, int maxLevel)
    {
        if (!reader.Flag("root flag")) return null;
        var level = reader.U8("root level");
        if (level > maxLevel) throw reader.Corrupt($"root level {level} is over {maxLevel}");
        return new PageRoot(level, PageReference.Read(ref reader, owners, kind));
    }
}
