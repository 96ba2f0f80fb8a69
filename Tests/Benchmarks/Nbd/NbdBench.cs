using System.Text.Json.Nodes;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Benchmarks.Serving;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Nbd;

/// <summary>
/// A shadowed volume of a real agent and silo against nbdkit and qemu-nbd on raw files of the same size and contents. Every
/// round runs each workload against every server, one after the other; ratios are of one round.
/// </summary>
internal static class NbdBench
{
    private static readonly FioJob RandomWrite = new("randwrite", "randwrite", "4k", 32);
    private static readonly FioJob RandomRead = new("randread", "randread", "4k", 32);

    private static readonly FioJob[] Jobs =
    [
        RandomWrite,
        new("randwrite_flush32", "randwrite", "4k", 32, FlushEvery: 32),
        new("write_flush_16jobs", "randwrite", "4k", 1, Connections: 16, FlushEvery: 1),
        RandomRead,
        new("seqread", "read", "1m", 8),
        new("seqwrite", "write", "1m", 8),
    ];

    public static async Task RunAsync(BenchContext context)
    {
        var (rounds, seconds) = context.IsQuick ? (2, 2) : (5, 8);
        var sizeBytes = (context.IsQuick ? 512L : 2048L) << 20;
        await using var ours = await ShadowedVolume.StartAsync(sizeBytes);
        await using var unshadowed = await ServerProcess.StartPrintingAsync(
            "tidegate, not shadowing", Environment.ProcessPath!, "serve-volume", Path.Combine(context.Work, "unshadowed"), $"{sizeBytes}", "127.0.0.1:0");
        await using var nbdkit = await Peers.NbdkitAsync(context, EmptyFile(context, "nbdkit.raw", sizeBytes));
        await using var qemu = await Peers.QemuNbdAsync(context, EmptyFile(context, "qemu.raw", sizeBytes));
        ServerProcess[] all = [ours.Server, unshadowed, nbdkit, qemu];

        var image = await ImageAsync(context, sizeBytes);
        foreach (var server in all)
        {
            BenchContext.Progress($"filling {server.Name}");
            await context.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, server.Uri]);
        }

        // A server runs for weeks: what its compiler does in the first seconds is no part of the figures.
        BenchContext.Progress("warming up");
        foreach (var job in Jobs)
        {
            foreach (var server in new[] { ours.Server, unshadowed })
                await job.RunAsync(context, server, seconds, sizeBytes);
        }

        var comparison = new Comparison(context, seconds, sizeBytes);
        var drains = new JsonArray();
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var job in Jobs)
            {
                var servers = job == RandomWrite ? all : job == RandomRead ? [ours.Server, nbdkit, qemu] : [ours.Server, nbdkit];
                foreach (var server in round % 2 == 0 ? servers.Reverse() : servers)
                {
                    // Nobody's left-over work runs beside the next server's.
                    await ours.DrainedAsync(TimeSpan.FromMinutes(5));
                    var stored = await ours.StoredBytesAsync();
                    await comparison.RunOneAsync(round, job, server);
                    if (server == ours.Server)
                        drains.Add(new JsonObject { ["job"] = job.Name, ["round"] = round, ["drainedBytes"] = await ours.StoredBytesAsync() - stored, ["backlogBytesAtEnd"] = await ours.BacklogBytesAsync() });
                }
            }
        }

        foreach (var job in Jobs)
            comparison.AddRatio($"{job.Name}_vs_nbdkit", job, ours.Server, nbdkit);
        comparison.AddRatio("randwrite_vs_qemunbd", RandomWrite, ours.Server, qemu);
        comparison.AddRatio("randread_vs_qemunbd", RandomRead, ours.Server, qemu);
        comparison.AddRatio("shadow_on_vs_off", RandomWrite, ours.Server, unshadowed);
        comparison.AddAbsolutes();
        context.Report.Notes["rounds"] = rounds;
        context.Report.Notes["secondsEach"] = seconds;
        context.Report.Notes["volumeBytes"] = sizeBytes;
        context.Report.Notes["drain"] = drains;
    }

    private static string EmptyFile(BenchContext context, string name, long sizeBytes)
    {
        var path = Path.Combine(context.Work, name);
        using var file = File.Create(path);
        file.SetLength(sizeBytes);
        return path;
    }

    /// <summary>What every volume is filled with: half of each 8 KiB compressible, half not, as real disks are mixed.</summary>
    private static async Task<string> ImageAsync(BenchContext context, long sizeBytes)
    {
        var path = Path.Combine(context.Work, "image.raw");
        await using var file = File.Create(path);
        var random = new Random(20);
        var piece = new byte[1024 * 1024];
        for (long at = 0; at < sizeBytes; at += piece.Length)
        {
            for (var i = 0; i < piece.Length; i += 8192)
                random.NextBytes(piece.AsSpan(i, 4096));
            await file.WriteAsync(piece);
        }
        return path;
    }
}
