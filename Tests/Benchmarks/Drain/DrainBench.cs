using System.Security.Cryptography;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Benchmarks.Serving;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Drain;

/// <summary>
/// How fast a volume's writes reach the service's blobs, from the first write until nothing waits, against the same number of
/// equally large blobs put into the same kind of store by the service's own adapter with nothing else to do.
/// </summary>
internal static class DrainBench
{
    private const int Uploads = 6;

    public static async Task RunAsync(BenchContext context)
    {
        foreach (var kind in BenchStore.Kinds.Where(kind => context.Store is null || kind == context.Store))
        {
            await using var store = await BenchStore.StartAsync(kind);
            await RunAsync(context, store);
        }
    }

    private static async Task RunAsync(BenchContext context, BenchStore store)
    {
        var rounds = context.IsQuick ? 2 : 5;
        var sizeBytes = (context.IsQuick ? 512 : 2048) * 1024L * 1024;
        await using var volume = await ShadowedVolume.StartAsync(sizeBytes, store);
        var image = Path.Combine(context.Work, "image.raw");
        List<double> ratios = [], drained = [], raw = [];
        for (var round = 1; round <= rounds; round++)
        {
            await IncompressibleAsync(image, sizeBytes, seed: round);
            await volume.DrainedAsync(TimeSpan.FromMinutes(5));
            var before = await volume.StoredBytesAsync();
            var started = TimeProvider.System.GetTimestamp();
            await context.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, volume.Server.Uri]);
            await volume.DrainedAsync(TimeSpan.FromMinutes(10));
            var seconds = Seconds(started);
            var stored = await volume.StoredBytesAsync() - before;
            drained.Add(stored / seconds / (1 << 20));
            raw.Add(await RawPutsAsync(context, store, round, stored));
            ratios.Add(drained[^1] / raw[^1]);
            BenchContext.Progress(FormattableString.Invariant($"{store.Kind}, round {round}: drained {drained[^1]:F0} MiB/s, raw puts {raw[^1]:F0} MiB/s"));
        }
        var suffix = store.Kind == "directory" ? "" : "_" + store.Kind;
        context.Report.Figures["drain_vs_raw_put" + suffix] = Figure.Of(ratios, "ratio", $"{Uploads} parallel puts of 8 MiB, {store.Kind}");
        context.Report.Figures["drain_mib_s" + suffix] = Figure.Of(drained, "MiB/s");
        context.Report.Figures["raw_put_mib_s" + suffix] = Figure.Of(raw, "MiB/s");
    }

    private static async Task<double> RawPutsAsync(BenchContext context, BenchStore store, int round, long bytes)
    {
        var folder = Path.Combine(context.Work, $"raw-{round}");
        var blobs = await store.OpenAsync(folder, $"raw-{round}");
        var content = RandomNumberGenerator.GetBytes(8 << 20);
        var started = TimeProvider.System.GetTimestamp();
        await Parallel.ForAsync(0, bytes / content.Length, new ParallelOptions { MaxDegreeOfParallelism = Uploads },
            async (i, cancellationToken) => await blobs.PutIfAbsentAsync($"raw/{i}", content, cancellationToken));
        var rate = bytes / content.Length * content.Length / Seconds(started) / (1 << 20);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        return rate;
    }

    private static async Task IncompressibleAsync(string path, long sizeBytes, int seed)
    {
        await using var file = File.Create(path);
        var random = new Random(seed);
        var piece = new byte[1024 * 1024];
        for (long at = 0; at < sizeBytes; at += piece.Length)
        {
            random.NextBytes(piece);
            await file.WriteAsync(piece);
        }
    }

    private static double Seconds(long started) => TimeProvider.System.GetElapsedTime(started).TotalSeconds;
}
