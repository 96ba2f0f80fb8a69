using System.Text.Json.Nodes;
using Tidegate.BlockStore.Blobs;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Benchmarks.Serving;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Recovery;

/// <summary>
/// How fast a restored volume fills, against as many sealed bytes read from the same store by the service's own adapter with nothing else to do; and what
/// a host of it notices: the 99th percentile of 4 KiB reads and writes where its data is present, while it fills over afterwards.
/// </summary>
internal static class HydrationBench
{
    private const int Gets = 6;
    private const long HostBytes = 64 << 20;

    public static async Task RunAsync(BenchContext context, RestoreSite site, BenchStore store)
    {
        var suffix = store.Kind == "directory" ? "" : "_" + store.Kind;
        var sizeBytes = (context.IsQuick ? 2L : 6L) << 30;
        var volumeId = await site.CreateAsync("dense", sizeBytes);
        await context.RunAsync(Repository.Tool("fio"),
        [
            "--name=fill", "--ioengine=nbd", $"--uri={site.Deployment.NbdUri(RestoreSite.Source, "dense")}", "--rw=write", "--bs=1m", "--iodepth=4", $"--size={sizeBytes}", "--refill_buffers",
        ]);
        var snapshot = await site.SnapshotAsync(volumeId);
        var blobs = await store.OpenAsync(site.Deployment);
        var sealedBlobs = await blobs.ListAsync($"{site.Deployment.AccountId}/{volumeId}/").Where(blob => blob.LengthBytes > 1 << 20).ToListAsync();
        List<double> ratios = [], hydrated = [], raw = [];
        for (var round = 1; round <= (context.IsQuick ? 2 : 5); round++)
        {
            raw.Add(await RawGetsAsync(blobs, sealedBlobs));
            var started = TimeProvider.System.GetTimestamp();
            await site.RestoreAsync(snapshot, "filling");
            await site.RestoredAsync("filling");
            hydrated.Add(sealedBlobs.Sum(blob => blob.LengthBytes) / TimeProvider.System.GetElapsedTime(started).TotalSeconds / (1 << 20));
            ratios.Add(hydrated[^1] / raw[^1]);
            BenchContext.Progress(FormattableString.Invariant($"{store.Kind}, round {round}: hydrated {hydrated[^1]:F0} MiB/s, raw gets {raw[^1]:F0} MiB/s"));
            await site.DeleteAsync(RestoreSite.Target, "filling");
        }
        context.Report.Figures["hydration_vs_raw_get" + suffix] = Figure.Of(ratios, "ratio", $"{Gets} parallel gets of whole segments, {store.Kind}");
        context.Report.Figures["hydration_mib_s" + suffix] = Figure.Of(hydrated, "MiB/s");
        context.Report.Figures["raw_get_mib_s" + suffix] = Figure.Of(raw, "MiB/s");
        await ForegroundAsync(context, site, snapshot, suffix);
        await site.DeleteAsync(RestoreSite.Source, "dense");
    }

    private static async Task<double> RawGetsAsync(IBlobStore blobs, List<BlobEntry> which)
    {
        var started = TimeProvider.System.GetTimestamp();
        await Parallel.ForEachAsync(which, new ParallelOptions { MaxDegreeOfParallelism = Gets },
            async (blob, cancellationToken) => await blobs.GetRangeAsync(blob.Key, 0, (int)blob.LengthBytes, cancellationToken));
        return which.Sum(blob => blob.LengthBytes) / TimeProvider.System.GetElapsedTime(started).TotalSeconds / (1 << 20);
    }

    private static async Task ForegroundAsync(BenchContext context, RestoreSite site, string snapshot, string suffix)
    {
        List<double> ratios = [], during = [], after = [];
        for (var round = 1; round <= (context.IsQuick ? 2 : 5); round++)
        {
            await site.RestoreAsync(snapshot, "busy");
            var uri = site.Deployment.NbdUri(RestoreSite.Target, "busy");
            using (var host = await NbdReader.ConnectAsync(uri, TimeSpan.FromMinutes(1)))
            {
                for (long at = 0; at < HostBytes; at += 1 << 20) await host.WriteAsync(at, Enumerable.Repeat((byte)round, 1 << 20).ToArray());
            }

            during.Add(await P99Async(context, uri));
            if ((string)(await site.Deployment.LocalVolumeAsync(RestoreSite.Target, "busy"))["state"]! != "restoring")
                context.Report.Notes["foreground" + suffix] = "the volume was full before the host's run ended";
            await site.RestoredAsync("busy");
            after.Add(await P99Async(context, uri));
            ratios.Add(during[^1] / after[^1]);
            BenchContext.Progress(FormattableString.Invariant($"round {round}: p99 {during[^1]:F0} us while it fills, {after[^1]:F0} us afterwards"));
            await site.DeleteAsync(RestoreSite.Target, "busy");
        }
        context.Report.Figures["foreground_p99_ratio" + suffix] = Figure.Of(ratios, "ratio", "the same volume once it is full");
        context.Report.Figures["foreground_p99_us" + suffix] = Figure.Of(during, "us");
    }

    /// <summary>The worse of reads' and writes' 99th percentiles, in microseconds.</summary>
    private static async Task<double> P99Async(BenchContext context, string uri)
    {
        var output = (await context.RunAsync(Repository.Tool("fio"),
        [
            "--name=host", "--ioengine=nbd", $"--uri={uri}", "--rw=randrw", "--bs=4k", "--iodepth=1", $"--size={HostBytes}", "--time_based", "--runtime=3", "--rate_iops=400",
            "--norandommap", "--output-format=json",
        ])).Output;
        var job = JsonNode.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..])!["jobs"]![0]!;
        return new[] { "read", "write" }.Max(side => (double)job[side]!["clat_ns"]!["percentile"]!["99.000000"]!) / 1000;
    }
}
