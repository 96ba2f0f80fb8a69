using Tidegate.BlockStore;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Maps;

/// <summary>What a cache counts a page for is what it takes: counted too low, a bounded cache is not bounded (I11).</summary>
[Collection(nameof(HeapMeasurements))]
public sealed class MapPageWeightTests
{
    private const long MeasuredBytes = 8 << 20;

    private static readonly LineageId Owner = new("123456789012", "vol-weight");

    [Theory]
    [InlineData(16, 1, 1), InlineData(512, 1, 1), InlineData(512, 1, 512), InlineData(512, 8, 64)]
    public void I11_A_decoded_leaf_weighs_what_it_takes(int blocks, int fragments, int segments)
    {
        var page = new MapPage(0, 7);
        for (var slot = 0; slot < blocks; slot++)
            page.Blocks.Add(slot, [.. Enumerable.Range(0, fragments).Select(at => new MapFragment(
                Segment(SegmentKind.Data, ((slot * fragments) + at) % segments), slot, (ushort)(1 << at), 5, 4096, new FrameTag((UInt128)slot)))]);
        CheckWeight(page);
    }

    [Theory]
    [InlineData(2), InlineData(512)]
    public void I11_A_decoded_interior_page_weighs_what_it_takes(int children)
    {
        var page = new MapPage(1, 7);
        for (var slot = 0; slot < children; slot++)
            page.Children.Add(slot, new PageReference(Segment(SegmentKind.Map, slot % 57), slot, 800, PageHash.Of([(byte)slot])));
        CheckWeight(page);
    }

    private static void CheckWeight(MapPage page)
    {
        var bytes = page.Encode(Segment(SegmentKind.Map, 1_000).Identity);
        var weight = MapPage.Decode(bytes, Segment(SegmentKind.Map, 1_000), "page").HeapBytes;
        // What other tests left may go while this measures: the middle one of several is right.
        var taken = Enumerable.Range(0, 5).Select(_ => Measure(bytes, (int)Math.Max(32, MeasuredBytes / weight))).Order().ElementAt(2);
        // A cache's own entry counts too, and is not measured here.
        Assert.InRange(weight, taken * 9 / 10, (taken * 2) + 2048);
    }

    private static long Measure(byte[] bytes, int pages)
    {
        var kept = new MapPage[pages];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < kept.Length; i++) kept[i] = MapPage.Decode(bytes, Segment(SegmentKind.Map, 1_000), "page");
        var taken = (GC.GetTotalMemory(forceFullCollection: true) - before) / kept.Length;
        GC.KeepAlive(kept);
        return taken;
    }

    private static SegmentReference Segment(SegmentKind kind, int number) => new(
        new SegmentIdentity(kind, Owner, 1, kind == SegmentKind.Data ? 1 : 0, number + 1, new BlobNonce((UInt128)number)), 1 << 20);
}
