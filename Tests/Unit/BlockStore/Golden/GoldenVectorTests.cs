using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Unit.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Golden;

/// <summary>
/// Fixed keys, nonces and times give fixed bytes: one vector for each format. Where one changes, the format changed, and what is
/// stored in buckets no longer reads: that takes a new magic, not a new vector.
/// </summary>
public sealed class GoldenVectorTests
{
    private static readonly DateTimeOffset Time = SegmentFixture.Start;
    private static readonly SegmentReference Data = new(
        new SegmentIdentity(SegmentKind.Data, SegmentFixture.Owner, 1, 2, 3, new BlobNonce(4)), 1000);
    private static readonly SegmentReference Map = new(
        new SegmentIdentity(SegmentKind.Map, SegmentFixture.Owner, 1, 0, 3, new BlobNonce(5)), 2000);
    private static readonly LineageId Origin = new("123456789012", "vol-origin");

    [Fact]
    public void Segment()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 4096);
        builder.Write(8192, Enumerable.Range(0, 8192).Select(i => (byte)(i / 4096)).ToArray());
        builder.Discard(65536, 131072);
        builder.Write(131072, new byte[4096]);
        using var segment = builder.Seal(
            SegmentIdentity.NewData(SegmentFixture.Owner, 1, 2, 3, new SeededNonces()), new SegmentDigest(Enumerable.Repeat((byte)0xd1, 32).ToArray()), 20_000, Time, Time.AddSeconds(2));
        Check(GoldenVectors.Segment, segment.Content.ToArray());
        Assert.Equal(
            "123456789012/vol-0123456789abcdef0123/0000000000000002/0000000000000003-74696465676174650000000000000001", segment.BlobKey);
        var reader = SegmentReader.Open(Convert.FromHexString(GoldenVectors.Segment), segment.Reference, SegmentFixture.Ring);
        Assert.Equal([(0u, (ushort)12), (2u, (ushort)1)], reader.Index.Entries.Select(entry => (entry.Block, entry.Mask)));
        Assert.Equal([new SegmentRange(16, 32)], reader.Index.Ranges);
    }

    [Fact]
    public void Compact_segment()
    {
        var sealer = new LineageSealer(SegmentFixture.Owner, 1, SegmentFixture.Key, new SeededNonces());
        var identity = sealer.NewIdentity(SegmentKind.Compact, 3);
        using var writer = sealer.CreateWriter(identity);
        byte[][] plain = [SegmentFixture.Bytes(1, 4096).Select(value => (byte)(value & 1)).ToArray(), Enumerable.Range(0, 8192).Select(i => (byte)(i / 512)).ToArray()];
        writer.AddFrame(2, 4, plain[0]);
        writer.AddFrame(7, 0x8001, plain[1]);
        using var segment = sealer.Finish(writer, identity);
        Check(GoldenVectors.CompactSegment, segment.Content.ToArray());
        Assert.Equal("123456789012/vol-0123456789abcdef0123/compact/0000000000000003-74696465676174650000000000000001", segment.BlobKey);
        var blob = Convert.FromHexString(GoldenVectors.CompactSegment);
        var reader = SegmentReader.Open(blob, segment.Reference, SegmentFixture.Ring);
        for (var i = 0; i < plain.Length; i++)
        {
            var entry = reader.Index.Entries[i];
            Assert.Equal(FrameCodec.Zstd, entry.Codec);
            var decoded = new byte[entry.PlainBytes];
            reader.OpenFrame(i, blob.AsSpan(entry.Offset, entry.StoredBytes), decoded);
            Assert.Equal(plain[i], decoded);
        }
    }

    [Fact]
    public void Log_digest()
    {
        using var digest = new LogDigest(SegmentFixture.Key);
        digest.AppendWrite(4096, new byte[4096]);
        digest.AppendRange(LogRecordKind.Discard, 0, 8192);
        digest.AppendRange(LogRecordKind.Zero, 8192, 4096);
        Assert.Equal(GoldenVectors.LogDigest, digest.Compute(SegmentDigest.None, 1, 0, 5000).ToString());
    }

    [Fact]
    public void Wrapped_key()
    {
        using var account = new AccountKey(Enumerable.Repeat((byte)0x5a, 32).ToArray());
        using var key = account.Unwrap(SegmentFixture.Owner, 1, Convert.FromHexString(GoldenVectors.WrappedKey));
        Assert.Equal(SegmentFixture.Key.Export(), key.Export());
    }

    [Fact]
    public void Wrapped_key_of_a_rotated_account_key()
    {
        var wrapped = Convert.FromHexString(GoldenVectors.RotatedWrappedKey);
        Assert.Equal(3, AccountKey.GenerationOf(wrapped));
        using var account = new AccountKey(Enumerable.Repeat((byte)0x5a, 32).ToArray(), 3);
        using var key = account.Unwrap(SegmentFixture.Owner, 1, wrapped);
        Assert.Equal(SegmentFixture.Key.Export(), key.Export());
    }

    [Fact]
    public void Map_pages()
    {
        var leaf = new MapPage(0, 2);
        leaf.Blocks.Add(
            7,
            [new MapFragment(Data, 1, 0x0003, 3, 500, new FrameTag(6)), new MapFragment(Data with { Identity = Data.Identity with { Owner = Origin } }, 0, 0xff00, 9, 400, new FrameTag(7))]);
        Check(GoldenVectors.MapLeaf, leaf.Encode(Map.Identity));
        Assert.Equal(GoldenVectors.MapLeafHash, leaf.ComputeHash().ToString());
        var interior = new MapPage(1, 0);
        interior.Children.Add(2, new PageReference(Map, 0, 300, leaf.ComputeHash()));
        Check(GoldenVectors.MapInterior, interior.Encode(Map.Identity));
        Assert.Equal(GoldenVectors.MapInteriorHash, interior.ComputeHash().ToString());
        Assert.Equal(leaf.ComputeHash(), MapPage.Decode(Convert.FromHexString(GoldenVectors.MapLeaf), Map, "leaf").ComputeHash());
        Assert.Equal(interior.Children[2], MapPage.Decode(Convert.FromHexString(GoldenVectors.MapInterior), Map, "interior").Children[2]);
    }

    [Fact]
    public void Head_and_image()
    {
        Check(GoldenVectors.Head, Head().Encode());
        Assert.Equal(Head(), VolumeHead.Decode(Convert.FromHexString(GoldenVectors.Head)));
        Check(GoldenVectors.Image, Head().ToImage().Encode());
        Assert.Equal(Head().ToImage(), ImageDescriptor.Decode(Convert.FromHexString(GoldenVectors.Image)));
        Check(GoldenVectors.StagedHead, StagedHead().Encode());
        Assert.Equal(StagedHead(), VolumeHead.Decode(Convert.FromHexString(GoldenVectors.StagedHead)));
    }

    [Fact]
    public void Fill_segment()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        builder.Write(65536, Enumerable.Range(0, 8192).Select(i => (byte)(i / 512)).ToArray());
        builder.Zero(73728, 57344);
        using var segment = builder.Seal(SegmentIdentity.NewFill(SegmentFixture.Owner, 1, 2, 3, new SeededNonces()), SegmentDigest.None, 0, Time, Time);
        Check(GoldenVectors.FillSegment, segment.Content.ToArray());
        Assert.Equal(
            "123456789012/vol-0123456789abcdef0123/fill-0000000000000002/0000000000000003-74696465676174650000000000000001", segment.BlobKey);
        Assert.True(SegmentIdentity.TryParse(segment.BlobKey, 1, out var identity));
        Assert.Equal(segment.Header.Identity, identity);
        var reader = SegmentReader.Open(Convert.FromHexString(GoldenVectors.FillSegment), segment.Reference, SegmentFixture.Ring);
        Assert.Equal([(1u, (ushort)3)], reader.Index.Entries.Select(entry => (entry.Block, entry.Mask)));
        Assert.Equal([new SegmentRange(18, 14)], reader.Index.Ranges);
    }

    [Fact]
    public void Tail_manifest()
    {
        var sealer = new LineageSealer(SegmentFixture.Owner, 1, SegmentFixture.Key, new SeededNonces());
        var (tail, blob) = TailManifest.Write(
            Map with { Identity = Map.Identity with { Kind = SegmentKind.Tail } }, 16, [Entry()], sealer, 3);
        Check(GoldenVectors.TailManifest, blob.Content.ToArray());
        var segment = SegmentReader.Open(Convert.FromHexString(GoldenVectors.TailManifest), tail.Manifest!, SegmentFixture.Ring);
        var (previous, previousCount, entries) = TailManifest.Decode(Frame(segment, blob.Content), "manifest");
        Assert.Equal(SegmentKind.Tail, previous!.Identity.Kind);
        Assert.Equal((16, Entry()), (previousCount, Assert.Single(entries)));
    }

    [Fact]
    public void Catalogue_page()
    {
        var page = new CataloguePage(0);
        var pin = new PinRecord("vol-clone", "snap-1", 2, 3, ImageDescriptor.Empty(4096), Time, true);
        page.Keys.Add(CatalogueKey.OfCut(3, "snap-1"));
        page.Values.Add([]);
        page.Keys.Add(CatalogueKey.Of(CatalogueKey.Pin, pin.CloneVolumeId));
        page.Values.Add(pin.Encode());
        Check(GoldenVectors.CataloguePage, page.Encode(Map.Identity));
        var read = CataloguePage.Decode(Convert.FromHexString(GoldenVectors.CataloguePage), Map, 0, "page");
        Assert.Equal(pin, PinRecord.Decode("vol-clone", read.Values[1]));
    }

    [Fact]
    public async Task Container_and_relocation_table()
    {
        var sealer = new LineageSealer(SegmentFixture.Owner, 1, SegmentFixture.Key, new SeededNonces(32));
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        builder.Write(0, SegmentFixture.Bytes(1, 4096));
        builder.Write(196_608, new byte[4096]);
        using var born = builder.Seal(
            SegmentIdentity.NewData(SegmentFixture.Owner, 1, 2, 3, new SeededNonces()), SegmentDigest.None, 10_000, Time, Time);
        using var writer = new MovedWriter(sealer, 12, 64 << 10);
        writer.Begin(born.Header.Identity, [(1, born.Entries[1])]);
        writer.Add(born.Entries[1], born.Content.Span.Slice(born.Entries[1].Offset, born.Entries[1].StoredBytes));
        writer.Finish();
        Assert.True(writer.TryTake(out var container));
        Check(GoldenVectors.MovedContainer, container.Blob.Content.ToArray());
        Assert.Equal("123456789012/vol-0123456789abcdef0123/moved/000000000000000c-74696465676174650000000000000021", container.Blob.Key);

        var store = new MemoryBlobStore(TimeProvider.System);
        var segments = new SegmentCache(new BlobStoreSource(store), SegmentFixture.Ring);
        var table = new RelocationTable(SegmentFixture.Owner, null, segments);
        await table.SetAsync(container.Moved[0], default);
        var (root, blobs, _, _) = table.Seal(sealer, 12);
        Check(GoldenVectors.RelocationTable, blobs[0].Content.ToArray());
        var image = Head().ToImage().At([new RelocationRoot(SegmentFixture.Owner, root!)]);
        Check(GoldenVectors.RelocatedImage, image.Encode());

        await store.PutIfAbsentAsync(container.Blob.Key, Convert.FromHexString(GoldenVectors.MovedContainer));
        await store.PutIfAbsentAsync(blobs[0].Key, Convert.FromHexString(GoldenVectors.RelocationTable));
        var read = ImageDescriptor.Decode(Convert.FromHexString(GoldenVectors.RelocatedImage));
        var moved = await segments.At(read.Relocations).OpenAsync(born.Reference, default);
        var sector = new byte[4096];
        await moved.ReadFrameAsync(segments.Source, 1, sector, default);
        Assert.Equal(new byte[4096], sector);
        Assert.Throws<CorruptDataException>(() => moved.FrameAt(0));
    }

    [Fact]
    public async Task Head_manifest()
    {
        var sealer = new LineageSealer(SegmentFixture.Owner, 1, SegmentFixture.Key, new SeededNonces());
        var blob = new HeadManifest(
            Head(), [new WrappedKey(SegmentFixture.Owner, 1, Convert.FromHexString(GoldenVectors.WrappedKey))]).Seal(sealer);
        Check(GoldenVectors.HeadManifest, blob.Content.ToArray());
        var read = await HeadManifest.OpenAsync(blob.Key, Convert.FromHexString(GoldenVectors.HeadManifest), new FixedProvider());
        Assert.Equal(Head(), read.Head);
    }

    private static TailEntry Entry() =>
        new(Data, new SegmentDigest(Enumerable.Repeat((byte)0xd2, 32).ToArray()), 20_000, 700, Time, Time.AddSeconds(-1));

    private static VolumeHead Head() => new()
    {
        Lineage = SegmentFixture.Owner,
        KeyGeneration = 1,
        Incarnation = 1,
        Version = 12,
        Epoch = 2,
        CommittedSequence = 3,
        CommittedLogEnd = 20_000,
        TipDigest = Entry().Digest,
        SizeBytes = 1L << 30,
        BaseSequence = 2,
        Root = new PageRoot(1, new PageReference(Map with { Identity = Map.Identity with { Owner = Origin } }, 1, 300, new PageHash(8, 9))),
        Tail = new Tail(null, 0, [Entry()]),
        BytesSinceFold = 700,
        Catalogue = new PageRoot(
            0, new PageReference(Map with { Identity = Map.Identity with { Kind = SegmentKind.Catalogue } }, 0, 200, new PageHash(10, 11))),
        Relocation = null,
        Staging = null,
        Manifest = new SegmentIdentity(SegmentKind.Head, SegmentFixture.Owner, 1, 0, 12, new BlobNonce(77)),
        CommittedAt = Time,
        HostTime = Time.AddSeconds(-1),
    };

    private static VolumeHead StagedHead() => Head() with
    {
        Staging = new StagingBranch
        {
            FirstEpoch = 2,
            IsBased = true,
            FirstSequence = 3,
            Sequence = 5,
            LogEnd = 30_000,
            Digest = Entry().Digest,
            Fills = 8,
            FillDigest = Entry().Digest,
            Mark = "staging-2-0f",
            BytesSinceFold = 700,
            CommittedAt = Time,
            HostTime = Time,
            Root = new PageRoot(1, new PageReference(Map with { Identity = Map.Identity with { Sequence = 4 } }, 1, 300, new PageHash(12, 13))),
            Tail = new Tail(null, 0, [Entry() with { Segment = Data with { Identity = Data.Identity with { Kind = SegmentKind.Fill, Sequence = 8 } }, LogEnd = 0 }]),
            RetiredTail = Map with { Identity = Map.Identity with { Kind = SegmentKind.Tail } },
        },
        FillsEver = 7,
        PublishedEpoch = 1,
    };

    private static byte[] Frame(SegmentReader reader, ReadOnlyMemory<byte> blob)
    {
        var entry = Assert.Single(reader.Index.Entries);
        var plain = new byte[entry.PlainBytes];
        reader.OpenFrame(0, blob.Span.Slice(entry.Offset, entry.StoredBytes), plain);
        return plain;
    }

    private static void Check(string golden, byte[] bytes) => Assert.Equal(golden, Convert.ToHexStringLower(bytes));

    private sealed class FixedProvider : IKeyProvider
    {
        public ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<DataKey> UnwrapAsync(
            LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default)
        {
            using var account = new AccountKey(Enumerable.Repeat((byte)0x5a, 32).ToArray());
            return ValueTask.FromResult(account.Unwrap(owner, generation, wrapped.Span));
        }

        public ValueTask<bool> IsCurrentAsync(
            LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<int> GetGenerationAsync(string accountId, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask RotateAsync(string accountId, int generation, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask RetireAsync(string accountId, int generation, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
