using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Images;

public sealed class ImageReaderTests
{
    [Fact]
    public async Task I6_a_flipped_bit_in_any_blob_is_an_error_that_names_it_or_meets_only_dead_bytes()
    {
        var volume = await MakeAsync();
        var random = new Random(31);
        var whole = await ReadAllAsync(volume);
        foreach (var key in volume.Store.Keys.Where(key => !key.Contains("/catalogue/", StringComparison.Ordinal)))
        {
            for (var i = 0; i < 6; i++)
            {
                byte[]? good = null;
                volume.Store.Tamper(key, bytes =>
                {
                    good = [.. bytes];
                    // The leading header is a copy that ranged reads do not fetch.
                    bytes[random.Next(SegmentFormat.HeaderBytes, bytes.Length)] ^= (byte)(1 << random.Next(8));
                    return bytes;
                });
                var read = "";
                var error = await Record.ExceptionAsync(async () => read = await ReadAllAsync(volume));
                if (error is null) Assert.Equal(whole, read);
                else Assert.Contains(key, Assert.IsType<CorruptDataException>(error).Message, StringComparison.Ordinal);
                volume.Store.Tamper(key, _ => good!);
            }
        }
        Assert.Equal(whole, await ReadAllAsync(volume));
    }

    [Fact]
    public async Task I6_a_blob_put_in_anothers_place_is_an_error()
    {
        var volume = await MakeAsync();
        var reached = (await ReachedAsync(volume)).ToArray();
        foreach (var (one, two) in reached.Zip(reached.Skip(1)))
        {
            byte[]? good = null;
            var other = (await volume.Store.GetRangeAsync(two, 0, 1 << 26)).ToArray();
            volume.Store.Tamper(one, bytes => { good = bytes; return other; });
            Assert.Contains(
                one, (await Assert.ThrowsAsync<CorruptDataException>(() => ReadAllAsync(volume))).Message, StringComparison.Ordinal);
            volume.Store.Tamper(one, _ => good!);
        }
    }

    [Fact]
    public async Task I6_a_root_that_names_another_page_is_an_error()
    {
        var volume = await MakeAsync();
        await volume.FoldAsync();
        var root = volume.Head.Root!;
        PageRoot[] wrong =
        [
            root with { Page = root.Page with { Hash = new PageHash(1, 2) } },
            root with { Page = root.Page with { Index = root.Page.Index - 1 } },
            root with { Level = root.Level - 1 },
        ];
        foreach (var other in wrong)
            await Assert.ThrowsAsync<CorruptDataException>(() => volume.VerifyAsync(volume.Head.ToImage() with { Root = other }));
    }

    [Fact]
    public async Task I6_a_tail_entry_with_another_digest_than_its_segment_is_an_error()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 1);
        await volume.CommitAsync();
        var tail = volume.Head.Tail;
        var forged = tail with { Inline = [tail.Inline[0] with { Digest = SegmentDigest.None }] };
        await Assert.ThrowsAsync<CorruptDataException>(() => volume.OpenAsync(volume.Head.ToImage() with { Tail = forged }));
    }

    [Fact]
    public async Task Without_a_lineages_key_its_image_does_not_open_and_the_lineage_is_named()
    {
        var volume = await MakeAsync();
        var blind = new SegmentCache(volume.Segments.Source, new Keyring());
        var error = await Assert.ThrowsAsync<MissingKeyException>(() => ImageReader.OpenAsync(volume.Head.ToImage(), blind));
        Assert.Equal(volume.Lineage, error.Owner);
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(512, 4096)]
    [InlineData(-4096, 4096)]
    [InlineData(VolumeScenario.DefaultSize, 4096)]
    [InlineData(VolumeScenario.DefaultSize - 4096, 8192)]
    public async Task A_read_off_the_sectors_or_past_the_end_is_refused(long offset, int length)
    {
        var reader = await new VolumeScenario().OpenAsync();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await reader.ReadAsync(offset, new byte[length]));
    }

    [Fact]
    public async Task From_far_away_the_first_sector_of_a_scattered_volume_takes_three_reads_in_a_row()
    {
        var volume = new VolumeScenario();
        for (var i = 0L; i < 200; i++) volume.Write(i * 40_000, 16);
        await volume.CommitAsync();
        await volume.FoldAsync();
        Assert.Equal(0, volume.Head.Tail.Count);
        volume.Write(8, 1);
        await volume.CommitAsync();
        var far = new SegmentCache(volume.Segments.Source, volume.Ring, aheadBytes: 128 << 10);
        var before = volume.Store.Reads;
        var reader = await ImageReader.OpenAsync(volume.Head.ToImage(), far, new ImageReaderOptions { ReadsRootAhead = true, ParallelOpens = 32 });
        var sectors = new byte[16 * 4096];
        await reader.ReadAsync(150L * 40_000 * 4096, sectors);
        // The map and the tail's segment at once; then index and frame of the data, whatever the depth of the map.
        Assert.Equal(4, volume.Store.Reads - before);
        var near = await volume.OpenAsync();
        var same = new byte[16 * 4096];
        await near.ReadAsync(150L * 40_000 * 4096, same);
        Assert.Equal(same, sectors);
    }

    [Fact]
    public async Task Pages_before_what_was_read_ahead_are_read_as_ever()
    {
        var volume = new VolumeScenario();
        for (var i = 0L; i < 900; i++) volume.Write(i * 11_000, 1);
        await volume.CommitAsync();
        await volume.FoldAsync();
        Assert.InRange(volume.Head.Root!.Page.Segment.LengthBytes, 2 * (16 << 10), int.MaxValue);
        var reader = await ImageReader.OpenAsync(volume.Head.ToImage(), new SegmentCache(volume.Segments.Source, volume.Ring, aheadBytes: 1));
        var near = await volume.OpenAsync();
        foreach (var i in new[] { 0L, 1, 400, 700, 899 })
        {
            var (sector, same) = (new byte[4096], new byte[4096]);
            await reader.ReadAsync(i * 11_000 * 4096, sector);
            await near.ReadAsync(i * 11_000 * 4096, same);
            Assert.Equal(same, sector);
        }
    }

    [Fact]
    public async Task Neighbouring_frames_are_fetched_with_one_read()
    {
        var volume = new VolumeScenario();
        for (var block = 0; block < 32; block++) volume.Write(block * 16, 16);
        await volume.CommitAsync();
        var reader = await volume.OpenAsync();
        var before = volume.Store.Reads;
        await reader.ReadAsync(0, new byte[2 << 20]);
        Assert.Equal(1, volume.Store.Reads - before);
    }

    [Fact]
    public async Task A_volume_that_grew_past_its_roots_level_reads_on_both_sides_of_the_old_end()
    {
        var volume = new VolumeScenario(sizeBytes: 16 << 20);
        volume.Write(0, 20);
        await volume.CommitAsync("small");
        await volume.FoldAsync();
        Assert.Equal(0, volume.Head.Root!.Level);
        await volume.SaveAsync(HeadMachine.Resize(volume.Head, 1L << 40));
        await volume.VerifyAsync();
        volume.Write(1L << 27, 20);
        await volume.CommitAsync();
        await volume.VerifyAsync();
        await volume.FoldAsync();
        Assert.Equal(2, volume.Head.Root!.Level);
        await volume.VerifyAsync();
        await volume.VerifyAsync((await volume.OpenCatalogue().FindSnapshotAsync("small"))!.Image, volume.SnapshotModels["small"]);
        volume.Write(7, 3);
        volume.Discard(1L << 27, 8);
        await volume.CommitAsync();
        await volume.FoldAsync();
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task Enumeration_starts_anywhere()
    {
        var volume = await MakeAsync();
        var reader = await volume.OpenAsync();
        var all = new List<ImageBlock>();
        await foreach (var block in reader.EnumerateBlocksAsync()) all.Add(block);
        Assert.True(all.Count > 5);
        for (var i = 0; i < all.Count; i++)
        {
            var rest = new List<ImageBlock>();
            await foreach (var block in reader.EnumerateBlocksAsync(all[i].Block)) rest.Add(block);
            Assert.Equal(all.Skip(i), rest);
        }
    }

    /// <summary>A root, a tail on it with a manifest, discards over both.</summary>
    private static async Task<VolumeScenario> MakeAsync()
    {
        var volume = new VolumeScenario();
        for (var i = 0; i < 4; i++)
        {
            volume.Write(i * 300, 40);
            volume.Write((16L << 18) + (i * 9), 5);
            await volume.CommitAsync();
        }
        await volume.FoldAsync();
        for (var i = 0; i < 20; i++)
        {
            volume.Write(100 + (i * 11), 4);
            if (i % 5 == 0) volume.Discard(i * 20, 7);
            await volume.CommitAsync();
        }
        return volume;
    }

    /// <summary>Hash of all that the image holds.</summary>
    private static async Task<string> ReadAllAsync(VolumeScenario volume)
    {
        // A cache of its own: nothing verified earlier stands in for what is stored now.
        var segments = new SegmentCache(volume.Segments.Source, volume.Ring);
        var reader = await ImageReader.OpenAsync(volume.Head.ToImage(), segments);
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        var buffer = new byte[65536];
        await foreach (var block in reader.EnumerateBlocksAsync())
        {
            await reader.ReadAsync(block.Offset, buffer);
            hash.AppendData(BitConverter.GetBytes(block.Block));
            hash.AppendData(buffer);
        }
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>
    /// Every blob that some read of the image needs; a blob whose frames are all dead is still opened when it is in the tail.
    /// </summary>
    private static async Task<IReadOnlyCollection<string>> ReachedAsync(VolumeScenario volume)
    {
        var spy = new SpySource(volume.Segments.Source);
        var reader = await ImageReader.OpenAsync(volume.Head.ToImage(), new SegmentCache(spy, volume.Ring));
        await foreach (var block in reader.EnumerateBlocksAsync()) await reader.ReadAsync(block.Offset, new byte[65536]);
        return spy.Keys;
    }

    private sealed class SpySource(Tidegate.BlockStore.Blobs.IBlobSource source) : Tidegate.BlockStore.Blobs.IBlobSource
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, bool> _keys = [];

        public IReadOnlyCollection<string> Keys => [.. _keys.Keys.Order(StringComparer.Ordinal)];

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(string blobKey, long offset, int length, CancellationToken cancellationToken)
        {
            _keys[blobKey] = true;
            return source.ReadAsync(blobKey, offset, length, cancellationToken);
        }
    }
}
