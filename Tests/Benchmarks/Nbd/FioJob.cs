using System.Text.Json.Nodes;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Nbd;

/// <summary>A workload of fio's NBD engine.</summary>
/// <param name="Name">What figures are called after.</param>
/// <param name="Pattern">fio's <c>rw</c>.</param>
/// <param name="BlockSize">fio's <c>bs</c>.</param>
/// <param name="Depth">Requests in flight on each connection.</param>
/// <param name="Connections">Jobs, each with a connection of its own.</param>
/// <param name="FlushEvery">Writes between flushes; 0 for none.</param>
internal sealed record FioJob(string Name, string Pattern, string BlockSize, int Depth, int Connections = 1, int FlushEvery = 0)
{
    private bool IsRead => Pattern.EndsWith("read", StringComparison.Ordinal);

    public async Task<FioResult> RunAsync(BenchContext context, ServerProcess server, int seconds, long sizeBytes)
    {
        List<string> arguments =
        [
            $"--name={Name}", "--ioengine=nbd", $"--uri={server.Uri}", $"--rw={Pattern}", $"--bs={BlockSize}", $"--iodepth={Depth}",
            $"--numjobs={Connections}", "--group_reporting", $"--size={sizeBytes}", "--time_based", $"--runtime={seconds}", "--randrepeat=1",
            "--norandommap", "--randseed=20", "--output-format=json",
        ];
        if (FlushEvery > 0)
            arguments.Add($"--fsync={FlushEvery}");
        var before = server.CpuSeconds;
        var output = (await context.RunAsync(Repository.Tool("fio"), arguments)).Output;
        var cpu = server.CpuSeconds - before;
        // The engine may say a word before the document begins.
        var job = JsonNode.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..])!["jobs"]![0]!;
        if ((int)job["error"]! != 0)
            throw new InvalidOperationException($"fio met error {job["error"]} against {server.Name} in {Name}; see {context.Output}");
        var side = job[IsRead ? "read" : "write"]!;
        return new FioResult((double)side["iops"]!, (double)side["bw_bytes"]! / (1024 * 1024),
            (double)side["clat_ns"]!["percentile"]!["99.000000"]! / 1000, cpu * 1e6 / (double)side["total_ios"]!);
    }
}
