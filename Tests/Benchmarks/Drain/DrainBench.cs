using System.Security.Cryptography;
using Tidegate.BlockStore.Blobs;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Benchmarks.Serving;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Drain;

/// <summary>
/// How fast a volume's writes reach the service's blobs, from the first write until nothing waits, against the same number of
/// equally large blobs put into a directory store by the same adapter with nothing else to do.
/// </summary>
internal static class DrainBench
{
    private const int Uploads = 6;

    public static async Task RunAsync(BenchContext context)
    {
        var rounds = context.IsQuick ? 2 : 5;
        var sizeBytes = (context.IsQuick ? 512 : 2048) * 1024L * 1024;
        await using var volume = await ShadowedVolume.StartAsync(sizeBytes);
        var image = Path.Combine(context.Work, "image.raw");
        List<double> ratios = [], drained = [], raw = [];
        for (var round = 1; round <= rounds; round++)
        {
            await IncompressibleAsync(image, sizeBytes, seed: round);
            await volume.DrainedAsync(TimeSpan.FromMinutes(5));
            var stored = volume.StoredBytes;
            var started = TimeProvider.System.GetTimestamp();
            await context.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, volume.Server.Uri]);
            await volume.DrainedAsync(TimeSpan.FromMinutes(10));
            drained.Add((volume.StoredBytes - stored) / Seconds(started) / (1 << 20));
            raw.Add(await RawPutsAsync(Path.Combine(context.Work, $"raw-{round}"), volume.StoredBytes - stored));
            ratios.Add(drained[^1] / raw[^1]);
            BenchContext.Progress(FormattableString.Invariant($"round {round}: drained {drained[^1]:F0} MiB/s, raw puts {raw[^1]:F0} MiB/s"));
        }
        context.Report.Figures["drain_vs_raw_put"] = Figure.Of(ratios, "ratio", $"{Uploads} parallel puts of 8 MiB, directory store");
        context.Report.Figures["drain_mib_s"] = Figure.Of(drained, "MiB/s");
        context.Report.Figures["raw_put_mib_s"] = Figure.Of(raw, "MiB/s");
        context.Report.Skipped["drain_vs_raw_put (Azurite)"] = "the service has no Azure blob adapter yet";
    }

    private static async Task<double> RawPutsAsync(string folder, long bytes)
    {
        var store = new DirectoryBlobStore(folder, TimeProvider.System);
        var content = RandomNumberGenerator.GetBytes(8 << 20);
        var started = TimeProvider.System.GetTimestamp();
        await Parallel.ForAsync(0, bytes / content.Length, new ParallelOptions { MaxDegreeOfParallelism = Uploads },
            async (i, cancellationToken) => await store.PutIfAbsentAsync($"raw/{i}", content, cancellationToken));
        var rate = bytes / content.Length * content.Length / Seconds(started) / (1 << 20);
        Directory.Delete(folder, recursive: true);
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
