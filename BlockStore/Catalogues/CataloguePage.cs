using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// One page of the catalogue or of a relocation table (<c>docs/formats/catalogue.md</c>, Page) in memory: a leaf's records or an interior
/// page's children, both in the order of their keys. An interior page's key is a lower bound of what is under the child.
/// </summary>
internal sealed class CataloguePage(int level)
{
    public const int MaxLevel = 7;
    /// <summary>A page larger than this is split.</summary>
    public const int SplitBytes = 16 << 10;
    public const int MaxKeyBytes = 255;
    public const int MaxValueBytes = 8 << 10;

    private static ReadOnlySpan<byte> Magic => "TIDECAT1"u8;

    public int Level { get; } = level;
    public List<byte[]> Keys { get; } = [];
    public List<byte[]> Values { get; } = [];
    public List<CatalogueChild> Children { get; } = [];

    public int Bytes => Level == 0
        ? Keys.Sum(key => key.Length + 3) + Values.Sum(value => value.Length)
        : Keys.Sum(key => key.Length + 1 + 50 + SegmentReference.EncodedBytes);

    /// <summary>Position of a key, or the complement of where it belongs.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var low = 0;
        var high = Keys.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = Keys[middle].AsSpan().SequenceCompareTo(key);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }

    /// <summary>The child under which a key belongs.</summary>
    public int ChildFor(ReadOnlySpan<byte> key)
    {
        var at = Find(key);
        return at >= 0 ? at : Math.Max(0, ~at - 1);
    }

    public byte[] Encode(SegmentIdentity holder)
    {
        var table = new PageTable();
        var body = new FormatWriter();
        body.U32(Keys.Count);
        for (var i = 0; i < Keys.Count; i++)
        {
            body.U8((byte)Keys[i].Length);
            body.Bytes(Keys[i]);
            if (Level == 0)
            {
                body.Counted(Values[i]);
                continue;
            }
            var page = Children[i].Stored!;
            body.U32(table.Intern(page.Segment));
            body.U32(page.Index);
            body.U32(page.StoredBytes);
            page.Hash.Write(body);
        }
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        writer.U8((byte)Level);
        table.Write(writer, holder);
        writer.Bytes(body.Written);
        return writer.ToArray();
    }

    public static CataloguePage Decode(ReadOnlySpan<byte> bytes, SegmentReference holder, int level, string what)
    {
        var reader = new FormatReader(bytes, what);
        reader.Expect(Magic, "catalogue magic");
        var found = reader.U8("catalogue level");
        if (found != level) throw reader.Corrupt($"it is a page of level {found}, not {level}");
        var table = PageTable.Read(ref reader, holder);
        var page = new CataloguePage(level);
        var count = reader.Count("record count", SegmentFormat.MaxPageBytes, 3);
        for (var i = 0; i < count; i++)
        {
            var key = reader.Bytes(reader.U8("key length"), "key").ToArray();
            if (i > 0 && page.Keys[^1].AsSpan().SequenceCompareTo(key) >= 0) throw reader.Corrupt($"record {i} is out of order");
            page.Keys.Add(key);
            if (level == 0)
            {
                page.Values.Add(reader.Counted("value").ToArray());
                continue;
            }
            var segment = table.Get(ref reader);
            if (segment.Identity.Kind != holder.Identity.Kind)
                throw reader.Corrupt($"a {segment.Identity.Kind} segment stands where a {holder.Identity.Kind} page belongs");
            page.Children.Add(new CatalogueChild(new PageReference(
                segment,
                reader.I32("child index", 0, SegmentFormat.MaxEntries - 1),
                reader.I32("child bytes", 1, SegmentFormat.MaxPageBytes),
                PageHash.Read(ref reader))));
        }
        if (count == 0) throw reader.Corrupt("it is empty");
        reader.End();
        return page;
    }
}
