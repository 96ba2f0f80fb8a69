using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Maps;

/// <summary>
/// One page of the map (<c>docs/formats/map.md</c>): a leaf's blocks with their fragments, or an interior page's children. Absent
/// means zero.
/// </summary>
public sealed class MapPage
{
    // What decoded things take on the heap, headers, their places in lists and, for a page, in a cache included.
    private const int HeapBytesPerPage = 1024;
    private const int HeapBytesPerBlock = 56;
    private const int HeapBytesPerFragment = 72;
    private const int HeapBytesPerChild = 104;
    private const int HeapBytesPerSegment = 112;

    private int _segments;

    private static ReadOnlySpan<byte> Magic => "TIDEMAP1"u8;

    internal MapPage(int level, long number)
    {
        Level = level;
        Number = number;
    }

    /// <summary>0 for a leaf.</summary>
    public int Level { get; }

    /// <summary>Position among the pages of its level.</summary>
    public long Number { get; }

    /// <summary>A leaf's blocks by slot; fragments have disjoint masks, in the order of their lowest sector.</summary>
    public SortedList<int, IReadOnlyList<MapFragment>> Blocks { get; } = [];

    /// <summary>An interior page's children by slot.</summary>
    public SortedList<int, PageReference> Children { get; } = [];

    /// <summary>True when all under it reads as zero.</summary>
    public bool IsEmpty => Blocks.Count == 0 && Children.Count == 0;

    /// <summary>Bytes that a decoded page takes on the heap, about: what a bounded cache counts (I11).</summary>
    internal long HeapBytes => HeapBytesPerPage + ((long)HeapBytesPerSegment * _segments) + ((long)HeapBytesPerChild * Children.Count)
        + Blocks.Values.Sum(fragments => HeapBytesPerBlock + ((long)HeapBytesPerFragment * fragments.Count));

    /// <summary>Hash of what it means: block, mask, birth and frame tag, never location, so that moving frames is no change.</summary>
    public PageHash ComputeHash()
    {
        var canonical = new FormatWriter();
        canonical.U8((byte)Level);
        canonical.I64(Number);
        foreach (var (slot, fragments) in Blocks)
        {
            foreach (var fragment in fragments)
            {
                canonical.U16(slot);
                canonical.U16(fragment.Mask);
                canonical.I64(fragment.Birth);
                canonical.U128(fragment.Tag.Value);
            }
        }
        foreach (var (slot, child) in Children)
        {
            canonical.U16(slot);
            child.Hash.Write(canonical);
        }
        return PageHash.Of(canonical.Written);
    }

    internal byte[] Encode(SegmentIdentity holder)
    {
        var table = new PageTable();
        var body = new FormatWriter();
        body.U32(Blocks.Count + Children.Count);
        foreach (var (slot, fragments) in Blocks)
        {
            body.U16(slot);
            body.U8((byte)fragments.Count);
            foreach (var fragment in fragments)
            {
                body.U16(fragment.Mask);
                body.U32(table.Intern(fragment.Segment));
                body.U32(fragment.Index);
                body.I64(fragment.Birth);
                body.U32(fragment.StoredBytes);
                body.U128(fragment.Tag.Value);
            }
        }
        foreach (var (slot, child) in Children)
        {
            body.U16(slot);
            body.U32(table.Intern(child.Segment));
            body.U32(child.Index);
            body.U32(child.StoredBytes);
            child.Hash.Write(body);
        }
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        writer.U8((byte)Level);
        writer.I64(Number);
        table.Write(writer, holder);
        writer.Bytes(body.Written);
        return writer.ToArray();
    }

    /// <summary>Decodes a page that authenticated; <paramref name="what"/> names it in errors.</summary>
    internal static MapPage Decode(ReadOnlySpan<byte> bytes, SegmentReference holder, string what)
    {
        var reader = new FormatReader(bytes, what);
        reader.Expect(Magic, "page magic");
        var level = reader.U8("page level");
        if (level > MapGeometry.MaxLevel) throw reader.Corrupt($"level {level} is over {MapGeometry.MaxLevel}");
        var page = new MapPage(level, reader.I64("page number", 0, BlockGeometry.MaxVolumeBytes / BlockGeometry.BlockBytes));
        var table = PageTable.Read(ref reader, holder);
        page._segments = table.Count;
        var count = reader.Count("entry count", BlockGeometry.PageEntries, 3);
        var last = -1;
        for (var i = 0; i < count; i++)
        {
            var slot = reader.U16("entry slot");
            if (slot <= last || slot >= BlockGeometry.PageEntries) throw reader.Corrupt($"entry {i} is for slot {slot} after slot {last}");
            last = slot;
            if (level == 0) page.Blocks.Add(slot, ReadFragments(ref reader, table));
            else page.Children.Add(slot, ReadChild(ref reader, table));
        }
        reader.End();
        return page;
    }

    private static MapFragment[] ReadFragments(ref FormatReader reader, PageTable table)
    {
        var fragments = new MapFragment[reader.U8("fragment count")];
        if (fragments.Length is 0 or > BlockGeometry.SectorsPerBlock) throw reader.Corrupt($"a block has {fragments.Length} fragments");
        var held = 0;
        for (var i = 0; i < fragments.Length; i++)
        {
            var mask = (ushort)reader.U16("fragment mask");
            if (mask == 0 || (held & mask) != 0) throw reader.Corrupt($"fragment masks are empty or overlap: 0x{mask:x4} with 0x{held:x4}");
            held |= mask;
            var segment = table.Get(ref reader);
            if (!segment.Identity.HoldsSectors)
                throw reader.Corrupt($"a {segment.Identity.Kind} segment stands where data belongs");
            fragments[i] = new MapFragment(
                segment,
                reader.I32("fragment index", 0, SegmentFormat.MaxEntries - 1),
                mask,
                reader.I64("fragment birth", 0, long.MaxValue),
                reader.I32("fragment bytes", 1, BlockGeometry.BlockBytes),
                new FrameTag(reader.U128("fragment tag")));
        }
        return fragments;
    }

    private static PageReference ReadChild(ref FormatReader reader, PageTable table)
    {
        var segment = table.Get(ref reader);
        if (segment.Identity.Kind != SegmentKind.Map)
            throw reader.Corrupt($"a {segment.Identity.Kind} segment stands where a map page belongs");
        return new PageReference(
            segment,
            reader.I32("child index", 0, SegmentFormat.MaxEntries - 1),
            reader.I32("child bytes", 1, SegmentFormat.MaxPageBytes),
            PageHash.Read(ref reader));
    }
}
