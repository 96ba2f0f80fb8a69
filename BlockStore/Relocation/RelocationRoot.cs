using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Relocation;

/// <summary>Where the relocation table of a lineage begins (<c>docs/formats/relocation.md</c>).</summary>
/// <param name="Lineage">The lineage whose frames it finds.</param>
/// <param name="Root">Its root page.</param>
public sealed record RelocationRoot(LineageId Lineage, PageRoot Root)
{
    /// <summary>Most tables that an image names: its own lineage's, and one for each origin it goes back to.</summary>
    public const int MaxTables = 32;

    /// <summary>References as bytes, to be handed from one holder of heads to another.</summary>
    public static byte[] Encode(IReadOnlyList<RelocationRoot> relocations)
    {
        var owners = new OwnerTable();
        var body = new FormatWriter();
        WriteAll(body, owners, relocations);
        var writer = new FormatWriter();
        owners.Write(writer);
        writer.Bytes(body.Written);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; throws <see cref="CorruptDataException"/> for anything else.</summary>
    public static IReadOnlyList<RelocationRoot> Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "List of relocation tables");
        var relocations = ReadAll(ref reader, OwnerTable.Read(ref reader));
        reader.End();
        return relocations;
    }

    internal static void WriteAll(FormatWriter writer, OwnerTable owners, IReadOnlyList<RelocationRoot> relocations)
    {
        if (relocations.Count > MaxTables)
            throw new InvalidOperationException($"An image names at most {MaxTables} relocation tables, not {relocations.Count}.");
        writer.U8((byte)relocations.Count);
        foreach (var relocation in relocations)
        {
            writer.U16(owners.Intern(relocation.Lineage));
            writer.U8((byte)relocation.Root.Level);
            relocation.Root.Page.Write(writer, owners);
        }
    }

    internal static IReadOnlyList<RelocationRoot> ReadAll(ref FormatReader reader, OwnerTable owners)
    {
        var count = reader.U8("relocation count");
        if (count == 0) return [];
        if (count > MaxTables) throw reader.Corrupt($"it names {count} relocation tables, over {MaxTables}");
        var relocations = new RelocationRoot[count];
        for (var i = 0; i < count; i++)
        {
            var lineage = owners.Get(ref reader, "relocation lineage");
            for (var before = 0; before < i; before++)
                if (relocations[before].Lineage == lineage) throw reader.Corrupt($"it names two relocation tables of {lineage}");
            var level = reader.U8("relocation level");
            if (level > CataloguePage.MaxLevel) throw reader.Corrupt($"relocation level {level} is over {CataloguePage.MaxLevel}");
            var page = PageReference.Read(ref reader, owners, SegmentKind.Relocation);
            if (page.Segment.Identity.Owner != lineage)
                throw reader.Corrupt($"the relocation table of {lineage} is in a segment of {page.Segment.Identity.Owner}");
            relocations[i] = new RelocationRoot(lineage, new PageRoot(level, page));
        }
        return relocations;
    }
}
