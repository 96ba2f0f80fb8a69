using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Kit.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Images;

/// <summary>
/// A volume of 16 TiB with 100 GiB mapped all over it. The map is real and in files; the data that it names does not exist, which
/// nothing here needs: what is bounded and cheap is bounded and cheap by the map alone (I11).
/// </summary>
public sealed class SparseVolumeTests(SparseVolumeTests.MapFixture fixture) : IClassFixture<SparseVolumeTests.MapFixture>
{
    private const long SizeBytes = GeneratedMap.SizeBytes;
    private const int Leaves = GeneratedMap.Leaves;
    private const int BlocksPerLeaf = GeneratedMap.BlocksPerLeaf;
    private const long CacheBytes = 4 << 20;

    private readonly GeneratedMap _map = fixture.Map;

    [Fact]
    public async Task I11_a_reader_goes_over_100_GiB_of_blocks_in_a_few_megabytes_of_pages()
    {
        var reader = await ImageReader.OpenAsync(_map.Head.ToImage(), _map.Open(), new ImageReaderOptions { MaxPageBytes = CacheBytes });
        long blocks = 0, last = -1;
        await foreach (var block in reader.EnumerateBlocksAsync())
        {
            Assert.True(block.Block > last);
            last = block.Block;
            if (blocks++ % 4096 == 0) Assert.InRange(reader.Map.CachedBytes, 0, CacheBytes);
        }
        Assert.Equal(100L << 30, blocks * BlockGeometry.BlockBytes);
    }

    [Fact]
    public async Task I11_reads_at_random_touch_a_path_each_and_keep_the_bound()
    {
        var source = new CountingSource(_map.Source);
        var reader = await ImageReader.OpenAsync(
            _map.Head.ToImage(), new SegmentCache(source, _map.Ring), new ImageReaderOptions { MaxPageBytes = CacheBytes });
        var random = new Random(3);
        for (var i = 0; i < 500; i++)
        {
            var leaf = random.Next(Leaves);
            Assert.Single(await reader.ResolveAsync((uint)((GeneratedMap.LeafNumber(leaf) * 512) + (random.Next(BlocksPerLeaf) * 8)), default));
            Assert.InRange(reader.Map.CachedBytes, 0, CacheBytes);
        }
        // At most a leaf and the page above it each, the few pages above those, and the indexes of the map's segments.
        Assert.InRange(source.Reads, 500, (2 * 500) + 3 + (2 * _map.Segments));
    }

    [Fact]
    public async Task A_fold_of_a_thousand_scattered_writes_touches_their_paths_alone_in_bounded_memory()
    {
        var random = new Random(5);
        var (head, _) = await CommitAsync(builder =>
        {
            for (var i = 0; i < 1000; i++) builder.Write(GeneratedMap.LeafNumber(random.Next(Leaves)) * (32L << 20), new byte[4096]);
        });
        var source = new CountingSource(_map.Source);
        var fold = (await new Folder(new SegmentCache(source, _map.Ring), _map.Sealer, _map.PutAsync).FoldAsync(head, []))!;
        Assert.NotEqual(head.Root, fold.Root);
        Assert.InRange(source.Reads, 1000, 2200);

        var (before, after) = (await OpenAsync(_map.Head.ToImage(), _map.Open()), await OpenAsync(head.ToImage() with { Root = fold.Root, Tail = Tail.Empty }, _map.Open()));
        var changed = 0;
        await foreach (var _ in ImageDiff.ChangedBlocksAsync(before, after)) changed++;
        Assert.InRange(changed, 900, 1000);
        Assert.InRange(after.Map.CachedBytes, 0, CacheBytes);
    }

    [Theory]
    [InlineData(0, 16L << 40, 0)]
    [InlineData(0, 2L << 40, 2)]
    [InlineData(3 << 20, 2L << 40, 12)]
    public async Task Discards_of_terabytes_drop_whole_subtrees_unread(long offset, long length, int mostPages)
    {
        var (head, segments) = await CommitAsync(builder => builder.Discard(offset, length));
        var source = new CountingSource(_map.Source);
        var fold = (await new Folder(new SegmentCache(source, _map.Ring), _map.Sealer, _map.PutAsync).FoldAsync(head, []))!;
        Assert.NotEmpty(fold.Subtrees);
        // At most two reads for the index of each page's segment, and one for the page: root, edges, and nothing between.
        Assert.InRange(source.Reads, 1, 2 + (3 * mostPages));
        Assert.Equal(length == SizeBytes, fold.Root is null);

        source = new CountingSource(_map.Source);
        var reader = await OpenAsync(head.ToImage(), new SegmentCache(source, _map.Ring));
        Assert.Empty(await reader.ResolveAsync((uint)((offset + (1L << 30)) / BlockGeometry.BlockBytes), default));
        if (length < SizeBytes) return;
        await foreach (var block in reader.EnumerateBlocksAsync()) Assert.Fail($"block {block.Block} is still there");
        Assert.InRange(source.Reads, 1, 6);
        GC.KeepAlive(segments);
    }

    [Fact]
    public async Task I11_what_a_discard_of_everything_changes_is_told_block_by_block_in_bounded_memory()
    {
        var (head, _) = await CommitAsync(builder => builder.Discard(0, SizeBytes));
        var (before, after) = (await OpenAsync(_map.Head.ToImage(), _map.Open()), await OpenAsync(head.ToImage(), _map.Open()));
        long changed = 0;
        await foreach (var _ in ImageDiff.ChangedBlocksAsync(before, after))
        {
            if (changed++ % 4096 == 0) Assert.InRange(before.Map.CachedBytes + after.Map.CachedBytes, 0, 2 * CacheBytes);
            // What follows is more of the same.
            if (changed == 200_000) break;
        }
        Assert.Equal(200_000, changed);
    }

    private static Task<ImageReader> OpenAsync(ImageDescriptor image, SegmentCache segments) =>
        ImageReader.OpenAsync(image, segments, new ImageReaderOptions { MaxPageBytes = CacheBytes });

    /// <summary>One committed segment after the map.</summary>
    private async Task<(VolumeHead Head, SegmentReference Segment)> CommitAsync(Action<SegmentBuilder> fill)
    {
        using var builder = new SegmentBuilder(_map.Key, 0);
        fill(builder);
        var identity = SegmentIdentity.NewData(_map.Sealer.Owner, 1, 1, 2, _map.Nonces);
        using var segment = builder.Seal(identity, SegmentDigest.None, 100, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        await _map.PutAsync(new BlobEffect(segment.BlobKey, segment.Content), default);
        var entry = new TailEntry(segment.Reference, segment.Digest, 100, segment.FrameBytes, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        return (_map.Head with { Epoch = 1, CommittedSequence = 2, CommittedLogEnd = 100, Tail = new Tail(null, 0, [entry]) }, segment.Reference);
    }

    public sealed class MapFixture : IAsyncLifetime
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tidegate-sparse-");

        internal GeneratedMap Map { get; private set; } = null!;

        public async ValueTask InitializeAsync() =>
            Map = await GeneratedMap.WriteAsync(new DirectoryBlobStore(_directory.FullName, TimeProvider.System));

        public ValueTask DisposeAsync()
        {
            _directory.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class CountingSource(IBlobSource inner) : IBlobSource
    {
        private int _reads;

        public int Reads => _reads;

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(string blobKey, long offset, int length, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            return inner.ReadAsync(blobKey, offset, length, cancellationToken);
        }
    }
}
