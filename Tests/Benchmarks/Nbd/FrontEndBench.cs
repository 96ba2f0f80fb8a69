using Tidegate.Tests.Benchmarks.Harness;

namespace Tidegate.Tests.Benchmarks.Nbd;

/// <summary>The NBD server over a plain file, without log and shadowing, against nbdkit's file plugin: what the front end alone costs.</summary>
internal static class FrontEndBench
{
    private static readonly FioJob[] Jobs =
    [
        new("randwrite", "randwrite", "4k", 32),
        new("randread", "randread", "4k", 32),
        new("seqread", "read", "1m", 8),
        new("seqwrite", "write", "1m", 8),
    ];

    public static async Task RunAsync(BenchContext context)
    {
        var (rounds, seconds) = context.IsQuick ? (3, 2) : (5, 8);
        const long sizeBytes = 1L << 30;
        var peerFile = Path.Combine(context.Work, "peer.raw");
        await using (var file = File.Create(peerFile))
            file.SetLength(sizeBytes);
        await using var ours = await ServerProcess.StartPrintingAsync(
            "ours over a plain file", Environment.ProcessPath!, "serve-raw", Path.Combine(context.Work, "ours"), $"{sizeBytes}", "127.0.0.1:0");
        await using var nbdkit = await Peers.NbdkitAsync(context, peerFile);
        foreach (var server in new[] { ours, nbdkit })
            await new FioJob("fill", "write", "1m", 8).RunAsync(context, server, seconds, sizeBytes);
        var comparison = new Comparison(context, seconds, sizeBytes);
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var job in Jobs)
                await comparison.RunAsync(round, job, ours, nbdkit);
        }
        foreach (var job in Jobs)
            comparison.AddRatio($"{job.Name}_vs_nbdkit", job, ours, nbdkit);
        comparison.AddAbsolutes();
    }
}
