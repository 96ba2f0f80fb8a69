using System.Globalization;
using System.Text.Json.Nodes;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Images;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Kit.Blobs;

namespace Tidegate.Tests.Benchmarks.BlockStore;

/// <summary>
/// What the block store costs by itself, in one process over the directory adapter: bytes and requests put, space after overwriting, and
/// how long the changes of a head take on volumes of any size.
/// </summary>
internal static class BlockStoreBench
{
    private const int Sector = 4096;
    private const long GiB = 1L << 30;
    private const long TiB = 1L << 40;

    public static async Task RunAsync(BenchContext context)
    {
        await SmallFiguresAsync(context);
        await UploadsAsync(context);
        await SpaceAsync(context, snapshots: 0);
        await RetainedAsync(context);
        await CommitBench.RunAsync(context);
    }

    /// <summary>The figures of space with a hundred snapshots, which take the longest and most of the disk.</summary>
    public static Task RetainedAsync(BenchContext context) => SpaceAsync(context, snapshots: 100);

    /// <summary>Uniform random sectors, incompressible, to an empty volume of 1 TiB.</summary>
    private static async Task UploadsAsync(BenchContext context)
    {
        var bytes = context.IsQuick ? 4 * GiB : 16 * GiB;
        var (volume, directory) = Create(context, "uploads", TiB);
        await ScatterAsync(volume, TiB, bytes, seed: 1);
        await volume.CommitAsync();
        await volume.FoldAsync();
        var amplification = volume.Store.PutBytes / (double)volume.WrittenBytes;
        var puts = volume.Store.Puts / (volume.WrittenBytes / (double)GiB);
        context.Report.Figures["upload_amplification_4k"] = Figure.Of([amplification], "ratio");
        context.Report.Figures["puts_per_gib"] = Figure.Of([puts], "requests");
        Note(context, "uploads", volume);
        BenchContext.Progress(FormattableString.Invariant($"{bytes / GiB} GiB of random sectors: amplification {amplification:F3}, {puts:F0} puts a GiB"));
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>A volume filled once and overwritten four times at random, snapshots evenly between, compaction behind every fold.</summary>
    private static async Task SpaceAsync(BenchContext context, int snapshots)
    {
        var size = context.IsQuick ? GiB / 2 : 16 * GiB;
        // Filled once and overwritten four times with all of it retained, and much of it merged besides, the bucket takes about ten times the volume.
        var room = new DriveInfo(context.Work).AvailableFreeSpace / 14 / GiB * GiB;
        if (snapshots > 0 && size > room)
        {
            context.Report.Skipped[$"space_after_4x_{snapshots}snap of 16 GiB"] = FormattableString.Invariant($"the disk has room for {room / GiB} GiB, which the figure is of");
            size = room;
        }
        var (volume, directory) = Create(context, $"space-{snapshots}", size);
        var pieces = Math.Max(1, snapshots);
        await FillAsync(volume, size);
        for (var piece = 0; piece < pieces; piece++)
        {
            await ScatterAsync(volume, size, 4 * size / pieces, seed: 100 + piece);
            await volume.CommitAsync(snapshots > 0 ? string.Create(CultureInfo.InvariantCulture, $"snap-{piece}") : null);
        }
        await volume.FoldAsync();
        var frames = volume.Merging.Frames / (double)volume.Merging.Blocks;
        await volume.CompactAsync();
        await volume.BuryAsync();
        var ratio = volume.Store.StoredBytes / (double)await volume.ReachableBytesAsync();
        context.Report.Figures[$"space_after_4x_{snapshots}snap"] = Figure.Of([ratio], "ratio");
        if (snapshots == 0)
        {
            context.Report.Figures["upload_amplification_steady"] = Figure.Of([volume.Store.PutBytes / (double)volume.WrittenBytes], "ratio");
            context.Report.Figures["frames_per_block_steady"] = Figure.Of([frames], "frames");
        }
        Note(context, $"space-{snapshots}", volume);
        BenchContext.Progress(FormattableString.Invariant(
            $"{size / (double)GiB} GiB overwritten 4 times, {snapshots} snapshots: {ratio:F3} stored over reachable, {volume.Store.PutBytes / (double)volume.WrittenBytes:F2} put over written, {volume.CompactedBytes / (double)volume.WrittenBytes:F2} of it by compaction, {frames:F1} frames a block"));
        Directory.Delete(directory, recursive: true);
    }

    private static async Task SmallFiguresAsync(BenchContext context)
    {
        var rounds = context.IsQuick ? 9 : 31;
        var directory = Path.Combine(context.Work, "sparse");
        var store = new DirectoryBlobStore(directory, TimeProvider.System);
        var map = await GeneratedMap.WriteAsync(store);
        var large = await BenchVolume.OfMapAsync(map, store);
        var (small, smallDirectory) = Create(context, "small", GiB);
        await ScatterAsync(small, GiB, 64 << 20, seed: 2);
        await small.CommitAsync();
        await small.FoldAsync();

        // The same changes and a snapshot on both, in turns.
        List<double> ofLarge = [], ofSmall = [];
        for (var round = 0; round < rounds; round++)
        {
            ofLarge.Add(await SnapshotAsync(large, round));
            ofSmall.Add(await SnapshotAsync(small, round));
        }
        Take(context, "snapshot_ms_16tib", ofLarge);
        context.Report.Figures["snapshot_spread"] = Figure.Of([.. ofLarge.Zip(ofSmall, (one, two) => one / two)], "ratio", "the same on 1 GiB");

        await DiffAsync(context, large, rounds: 3);
        await DiscardAsync(context);
        await DeleteAsync(context, rounds);
        Directory.Delete(directory, recursive: true);
        Directory.Delete(smallDirectory, recursive: true);
    }

    private static async Task<double> SnapshotAsync(BenchVolume volume, int round)
    {
        var random = new Random(round);
        var data = new byte[Sector];
        for (var i = 0; i < 64; i++)
        {
            random.NextBytes(data);
            await volume.WriteAsync(random.NextInt64(GiB / Sector) * Sector, data);
        }
        var started = TimeProvider.System.GetTimestamp();
        await volume.CommitAsync($"snap-{round}");
        return Milliseconds(started);
    }

    /// <summary>Two snapshots of the large volume with a thousand scattered blocks between, both folded; cold caches.</summary>
    private static async Task DiffAsync(BenchContext context, BenchVolume volume, int rounds)
    {
        var random = new Random(3);
        var data = new byte[Sector];
        await volume.CommitAsync("before");
        for (var i = 0; i < 1000; i++)
        {
            random.NextBytes(data);
            await volume.WriteAsync((GeneratedMap.LeafNumber(random.Next(GeneratedMap.Leaves)) << 25) + (random.Next(512) << 16), data);
        }
        await volume.CommitAsync("after");
        await volume.FoldAsync();
        List<double> times = [];
        long reads = 0, changed = 0;
        for (var round = 0; round < rounds; round++)
        {
            var segments = volume.Open();
            var catalogue = new CatalogueEdit(volume.Head, volume.Segments);
            var images = new List<ImageDescriptor>();
            foreach (var id in new[] { "before", "after" })
                images.Add(volume.Head.ToImage((await catalogue.FindSnapshotAsync(id))!));
            reads = volume.Store.Reads;
            changed = 0;
            var started = TimeProvider.System.GetTimestamp();
            var before = await ImageReader.OpenAsync(images[0], segments);
            var after = await ImageReader.OpenAsync(images[1], segments);
            await foreach (var _ in ImageDiff.ChangedBlocksAsync(before, after)) changed++;
            times.Add(Milliseconds(started));
            reads = volume.Store.Reads - reads;
        }
        Take(context, "diff_1000_ms", times);
        context.Report.Notes["diff_1000"] = new JsonObject { ["reads"] = reads, ["blocks"] = changed };
    }

    /// <summary>A discard of all of a volume of 2 TiB with data all over it: sealed, stored, committed and folded.</summary>
    private static async Task DiscardAsync(BenchContext context)
    {
        List<double> times = [];
        for (var round = 0; round < 3; round++)
        {
            var (volume, directory) = Create(context, $"discard-{round}", 2 * TiB);
            await ScatterAsync(volume, 2 * TiB, 64 << 20, seed: 4 + round);
            await volume.CommitAsync();
            await volume.FoldAsync();
            var started = TimeProvider.System.GetTimestamp();
            volume.Discard(0, 2 * TiB);
            await volume.CommitAsync();
            await volume.FoldAsync();
            times.Add(Milliseconds(started));
            Directory.Delete(directory, recursive: true);
        }
        Take(context, "discard_2tib_ms", times);
    }

    /// <summary>Snapshots deleted in any order from a volume that has a thousand (200 in quick), each with changes of its own.</summary>
    private static async Task DeleteAsync(BenchContext context, int rounds)
    {
        var snapshots = context.IsQuick ? 200 : 1000;
        var (volume, directory) = Create(context, "deletions", GiB);
        var random = new Random(5);
        var data = new byte[Sector];
        for (var i = 0; i < snapshots; i++)
        {
            for (var write = 0; write < 16; write++)
            {
                random.NextBytes(data);
                await volume.WriteAsync(random.NextInt64(GiB / Sector) * Sector, data);
            }
            await volume.CommitAsync(string.Create(CultureInfo.InvariantCulture, $"snap-{i:d4}"));
        }
        await volume.FoldAsync();
        List<double> times = [];
        foreach (var which in Enumerable.Range(0, snapshots).OrderBy(_ => random.Next()).Take(rounds))
        {
            var started = TimeProvider.System.GetTimestamp();
            await volume.DeleteSnapshotAsync(string.Create(CultureInfo.InvariantCulture, $"snap-{which:d4}"));
            times.Add(Milliseconds(started));
        }
        Take(context, "snapshot_delete_ms", times);
        Directory.Delete(directory, recursive: true);
    }

    private static (BenchVolume Volume, string Directory) Create(BenchContext context, string name, long sizeBytes)
    {
        var directory = Path.Combine(context.Work, name);
        return (new BenchVolume(new DirectoryBlobStore(directory, TimeProvider.System), sizeBytes) { Compacts = true }, directory);
    }

    private static async Task FillAsync(BenchVolume volume, long size)
    {
        var random = new Random(6);
        var data = new byte[1 << 20];
        for (long at = 0; at < size; at += data.Length)
        {
            random.NextBytes(data);
            await volume.WriteAsync(at, data);
        }
    }

    private static async Task ScatterAsync(BenchVolume volume, long size, long bytes, int seed)
    {
        var random = new Random(seed);
        var data = new byte[Sector];
        for (long written = 0; written < bytes; written += Sector)
        {
            random.NextBytes(data);
            await volume.WriteAsync(random.NextInt64(size / Sector) * Sector, data);
        }
    }

    private static void Take(BenchContext context, string name, IReadOnlyCollection<double> times)
    {
        var figure = context.Report.Figures[name] = Figure.Of(times, "ms");
        BenchContext.Progress(FormattableString.Invariant($"{name}: {figure.Value:F1} ({figure.Min:F1} to {figure.Max:F1})"));
    }

    private static void Note(BenchContext context, string name, BenchVolume volume)
    {
        var stored = new JsonObject();
        foreach (var (kind, bytes) in volume.Store.StoredByKind) stored[kind] = bytes;
        var puts = new JsonObject();
        foreach (var (kind, sum) in volume.Store.PutsByKind) puts[kind] = new JsonObject { ["puts"] = sum.Puts, ["bytes"] = sum.Bytes };
        context.Report.Notes[name] = new JsonObject
        {
            ["writtenBytes"] = volume.WrittenBytes,
            ["putBytes"] = volume.Store.PutBytes,
            ["puts"] = volume.Store.Puts,
            ["compactedBytes"] = volume.CompactedBytes,
            ["putsByKind"] = puts,
            ["storedBytes"] = stored,
        };
    }

    private static double Milliseconds(long started) => TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
}
