using System.Security.Cryptography;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Benchmarks.Serving;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Recovery;

/// <summary>
/// How soon a host has its data again: after its agent was killed, and from a snapshot at another gateway, with real processes throughout.
/// </summary>
internal static class RecoveryBench
{
    // A raw image of 16 TiB is more than one file of ext4 can be.
    private const long SparseBytes = (16L << 40) - (1L << 30);
    private const long MarkedOffset = (7L << 40) + (5 << 20);
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan LongRoundTrip = TimeSpan.FromMilliseconds(230);

    public static async Task RunAsync(BenchContext context)
    {
        await using (var uplink = new DelayedUplink())
        {
            await using var site = await RestoreSite.StartAsync(context, uplink.SiloSettings);
            await KilledAsync(context, site);
            await FirstBytesAsync(context, site, uplink);
        }
        foreach (var kind in BenchStore.Kinds.Where(kind => context.Store is null || kind == context.Store))
        {
            await using var store = await BenchStore.StartAsync(kind);
            await using var site = await RestoreSite.StartAsync(context, store.Environment);
            await HydrationBench.RunAsync(context, site, store);
        }
    }

    /// <summary>From the SIGKILL of an agent with a writer at work to a read answered by the one that is started at once.</summary>
    private static async Task KilledAsync(BenchContext context, RestoreSite site)
    {
        await site.CreateAsync("killed", 4L << 30);
        var seconds = new List<double>();
        for (var round = 1; round <= (context.IsQuick ? 3 : 9); round++)
        {
            var uri = site.Deployment.NbdUri(RestoreSite.Source, "killed");
            var writing = ProgramRunner.RunAsync(
                Repository.Tool("fio"), ["--name=w", "--ioengine=nbd", $"--uri={uri}", "--rw=randwrite", "--bs=64k", "--iodepth=16", "--size=4G", "--time_based", "--runtime=600", "--norandommap"],
                TimeSpan.FromMinutes(5));
            // As much as the log may hold that is not in the store.
            await site.BacklogReachesAsync("killed", 300L << 20);
            var killed = TimeProvider.System.GetTimestamp();
            await site.Deployment.EndAgentAsync(RestoreSite.Source);
            var starting = site.Deployment.StartAgentAsync(RestoreSite.Source);
            using (var reader = await NbdReader.ConnectAsync(uri, TimeSpan.FromMinutes(1)))
                await reader.ReadAsync(4096L * 1000, 4096);
            seconds.Add(TimeProvider.System.GetElapsedTime(killed).TotalSeconds);
            BenchContext.Progress(FormattableString.Invariant($"round {round}: served again {seconds[^1]:F2} s after the kill"));
            await starting;
            await writing;
            await site.DrainedAsync("killed");
        }
        context.Report.Figures["kill9_to_serving_s"] = Figure.Of(seconds, "s");
        await site.DeleteAsync(RestoreSite.Source, "killed");
    }

    private static async Task FirstBytesAsync(BenchContext context, RestoreSite site, DelayedUplink uplink)
    {
        var mapped = context.IsQuick ? 512L << 20 : Math.Min(100L << 30, site.FreeBytes / 6);
        context.Report.Notes["sparse_bytes"] = SparseBytes;
        context.Report.Notes["mapped_bytes"] = mapped;
        context.Report.Notes["added_round_trip_ms"] = RoundTrip.TotalMilliseconds;
        if (mapped < 100L << 30) context.Report.Skipped["agent_rss_mib at 100 GiB mapped"] = $"taken with {mapped >> 20} MiB mapped: two agents' disks would need 200 GiB";
        var volumeId = await site.CreateAsync("sparse", SparseBytes);
        var mark = RandomNumberGenerator.GetBytes(4096);
        using (var host = await NbdReader.ConnectAsync(site.Deployment.NbdUri(RestoreSite.Source, "sparse"), TimeSpan.FromMinutes(1)))
            await host.WriteAsync(MarkedOffset, mark);
        await ScatterAsync(context, site, mapped, seed: 1);
        var materialised = await site.SnapshotAsync(volumeId);
        await ScatterAsync(context, site, 160L << 20, seed: 2);
        var unmaterialised = await site.SnapshotAsync(volumeId);
        foreach (var (name, snapshot) in new[] { ("materialised", materialised), ("unmaterialised", unmaterialised) })
        {
            context.Report.Notes["tail_segments_" + name] = await site.TailSegmentsAsync(volumeId, snapshot);
            var suffix = name == "materialised" ? "" : "_unmaterialised";
            var (near, far) = (new List<double>(), new List<double>());
            for (var round = 1; round <= (context.IsQuick ? 3 : 9); round++)
            {
                near.Add(await FirstByteAsync(site, uplink, snapshot, mark, RoundTrip));
                far.Add(await FirstByteAsync(site, uplink, snapshot, mark, LongRoundTrip));
                BenchContext.Progress(FormattableString.Invariant(
                    $"{name}, round {round}: first byte {near[^1]:F3} s at {RoundTrip.TotalMilliseconds} ms, {far[^1]:F3} s at {LongRoundTrip.TotalMilliseconds} ms"));
            }
            context.Report.Figures["restore_first_byte_s" + suffix] = Figure.Of(near, "s");
            context.Report.Figures["restore_first_byte_round_trips" + suffix] =
                Figure.Of([.. near.Zip(far, (less, more) => (more - less) / (LongRoundTrip - RoundTrip).TotalSeconds)], "round trips, by what each adds");
        }
        uplink.Add(TimeSpan.Zero);
        await site.RestoreAsync(materialised, "whole");
        await site.RestoredAsync("whole");
        context.Report.Figures["agent_rss_mib"] = Figure.Of([site.PeakMib(RestoreSite.Target)], "MiB");
        await site.DeleteAsync(RestoreSite.Target, "whole");
    }

    /// <summary>From the request to restore to the first sector at the host.</summary>
    private static async Task<double> FirstByteAsync(RestoreSite site, DelayedUplink uplink, string snapshot, byte[] mark, TimeSpan roundTrip)
    {
        uplink.Add(roundTrip);
        var started = TimeProvider.System.GetTimestamp();
        var reading = NbdReader.ConnectAsync(site.Deployment.NbdUri(RestoreSite.Target, "first"), TimeSpan.FromMinutes(1));
        await site.RestoreAsync(snapshot, "first");
        double seconds;
        using (var host = await reading)
        {
            var sector = await host.ReadAsync(MarkedOffset, 4096);
            seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            if (!sector.AsSpan().SequenceEqual(mark)) throw new InvalidOperationException("The restored sector is not what was written.");
        }
        uplink.Add(TimeSpan.Zero);
        await site.DeleteAsync(RestoreSite.Target, "first");
        return seconds;
    }

    private static async Task ScatterAsync(BenchContext context, RestoreSite site, long bytes, int seed)
    {
        await context.RunAsync(Repository.Tool("fio"),
        [
            "--name=scatter", "--ioengine=nbd", $"--uri={site.Deployment.NbdUri(RestoreSite.Source, "sparse")}", "--rw=randwrite", "--bs=64k", "--iodepth=16", $"--size={SparseBytes}",
            $"--io_size={bytes}", "--norandommap", $"--randseed={seed}", "--refill_buffers", "--buffer_compress_percentage=50",
        ], TimeSpan.FromHours(1));
        await site.DrainedAsync("sparse");
    }
}
