using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Unit.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Maps;

/// <summary>
/// Decoders of what authenticated containers hold: a bug or a hostile writer with the key must not crash a reader either.
/// </summary>
public sealed class PageDecoderTests
{
    private static readonly SegmentReference Holder = new(
        new SegmentIdentity(SegmentKind.Map, SegmentFixture.Owner, 1, 0, 7, new BlobNonce(9)), 5000);

    [Fact]
    public void The_fullest_leaf_fits_a_frame_and_reads_back()
    {
        var nonces = new SeededNonces();
        var page = new MapPage(0, 3);
        for (var slot = 0; slot < 512; slot++)
        {
            page.Blocks.Add(slot, [.. Enumerable.Range(0, 16).Select(i => new MapFragment(
                new SegmentReference(SegmentIdentity.NewData(SegmentFixture.Owner, 1, 1, (slot * 16) + i, nonces), 1 << 20), i, (ushort)(1 << i), i, 4096, new FrameTag((UInt128)i)))]);
        }
        var bytes = page.Encode(Holder.Identity);
        Assert.InRange(bytes.Length, 1, SegmentFormat.MaxPageBytes);
        var read = MapPage.Decode(bytes, Holder, "page");
        Assert.Equal(page.ComputeHash(), read.ComputeHash());
        Assert.Equal(page.Blocks[511][15], read.Blocks[511][15]);
    }

    [Fact]
    public void A_page_hash_sees_meaning_and_not_location()
    {
        var one = Leaf();
        var moved = Leaf();
        moved.Blocks[2] = [moved.Blocks[2][0] with { Segment = Holder with { LengthBytes = 9999 }, Index = 44, StoredBytes = 5 }];
        Assert.Equal(one.ComputeHash(), moved.ComputeHash());
        Func<MapFragment, MapFragment>[] changes = [f => f with { Mask = 1 }, f => f with { Birth = 99 }, f => f with { Tag = new FrameTag(99) }];
        foreach (var change in changes)
        {
            var changed = Leaf();
            changed.Blocks[2] = [change(changed.Blocks[2][0])];
            Assert.NotEqual(one.ComputeHash(), changed.ComputeHash());
        }
        var elsewhere = Leaf();
        elsewhere.Blocks.Add(3, elsewhere.Blocks[2]);
        elsewhere.Blocks.Remove(2);
        Assert.NotEqual(one.ComputeHash(), elsewhere.ComputeHash());
    }

    [Fact]
    public void I6_truncated_flipped_and_random_pages_give_errors_and_no_large_allocations()
    {
        var catalogue = new CataloguePage(0);
        for (var i = 0; i < 5; i++)
        {
            catalogue.Keys.Add([4, (byte)i]);
            catalogue.Values.Add(new byte[i]);
        }
        var interior = new MapPage(1, 0);
        interior.Children.Add(5, new PageReference(Holder, 1, 2, new PageHash(3, 4)));
        (byte[] Good, Action<byte[]> Decode)[] decoders =
        [
            (Leaf().Encode(Holder.Identity), bytes => MapPage.Decode(bytes, Holder, "the page")),
            (interior.Encode(Holder.Identity), bytes => MapPage.Decode(bytes, Holder, "the page")),
            (catalogue.Encode(Holder.Identity), bytes => CataloguePage.Decode(bytes, Holder, 0, "the page")),
            (new MovedDirectory([(Holder.Identity, [0, 3, 70]), (Holder.Identity with { Sequence = 8 }, [])]).Encode(), bytes => MovedDirectory.Decode(bytes, SegmentFixture.Owner, 3, "the page")),
            (TailManifestBytes(), bytes => TailManifest.Decode(bytes, "the page")),
        ];
        var random = new Random(51);
        foreach (var (good, decode) in decoders)
        {
            decode(good);
            for (var length = 0; length < good.Length; length++)
            {
                var error = Assert.Throws<CorruptDataException>(() => decode(good[..length]));
                Assert.StartsWith("the page is corrupt", error.Message, StringComparison.Ordinal);
            }
            for (var i = 0; i < 3000; i++)
            {
                var bytes = good.ToArray();
                if (i % 2 == 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                else random.NextBytes(bytes.AsSpan(8 + random.Next(bytes.Length - 8)));
                var before = GC.GetAllocatedBytesForCurrentThread();
                _ = Record.Exception(() => decode(bytes)) is { } error ? Assert.IsType<CorruptDataException>(error) : null;
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 << 10);
            }
        }
    }

    private static MapPage Leaf()
    {
        var page = new MapPage(0, 1);
        page.Blocks.Add(
            2,
            [new MapFragment(new SegmentReference(SegmentIdentity.NewData(SegmentFixture.Owner, 1, 1, 4, new SeededNonces()), 8000), 0, 0x00ff, 4, 100, new FrameTag(5))]);
        return page;
    }

    private static byte[] TailManifestBytes()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        using var segment = builder.Seal(new SeededNonces());
        var entry = new TailEntry(segment.Reference, segment.Digest, 100, 0, SegmentFixture.Start, SegmentFixture.Start);
        var sealer = new LineageSealer(SegmentFixture.Owner, 1, SegmentFixture.Key, new SeededNonces(7));
        var (tail, blob) = TailManifest.Write(null, 0, [entry, entry], sealer, 2);
        var reader = SegmentReader.Open(blob.Content, tail.Manifest!, SegmentFixture.Ring);
        var plain = new byte[reader.Index.Entries[0].PlainBytes];
        reader.OpenFrame(0, blob.Content.Span.Slice(reader.Index.Entries[0].Offset, reader.Index.Entries[0].StoredBytes), plain);
        return plain;
    }
}
