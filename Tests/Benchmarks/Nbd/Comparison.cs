using System.Text.Json.Nodes;
using Tidegate.Tests.Benchmarks.Harness;

namespace Tidegate.Tests.Benchmarks.Nbd;

/// <summary>Interleaved runs of workloads against servers, and the ratios of one round's results.</summary>
internal sealed class Comparison(BenchContext context, int seconds, long sizeBytes)
{
    private const int MaxAttempts = 4;

    private readonly Dictionary<(FioJob Job, ServerProcess Server), List<FioResult>> _results = [];

    /// <summary>Runs a workload once against each server. Alternating who goes first spreads what one run leaves to the next.</summary>
    public async Task RunAsync(int round, FioJob job, params ServerProcess[] servers)
    {
        foreach (var server in round % 2 == 0 ? servers.Reverse() : servers)
            await RunOneAsync(round, job, server);
    }

    public async Task RunOneAsync(int round, FioJob job, ServerProcess server)
    {
        var result = await RunOrRepeatAsync(job, server);
        if (!_results.TryGetValue((job, server), out var list))
            _results[(job, server)] = list = [];
        list.Add(result);
        BenchContext.Progress(FormattableString.Invariant(
            $"round {round} {job.Name,-20} {server.Name,-34} {result.Iops,8:F0}/s {result.MibPerSecond,6:F0} MiB/s p99 {result.P99Microseconds,8:F0} us, server {result.CpuMicrosecondsPerOperation,6:F1} us each"));
    }

    // nbdkit 1.32 now and then fails an assertion when a client goes with replies under way, as fio does at the end of its time.
    private async Task<FioResult> RunOrRepeatAsync(FioJob job, ServerProcess server)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await job.RunAsync(context, server, seconds, sizeBytes);
            }
            catch (InvalidOperationException ended) when (attempt < MaxAttempts && server.CanStartAgain)
            {
                if (!await server.TryStartAgainAsync())
                    throw;
                BenchContext.Progress($"{ended.Message.Split('\n')[0]}; {server.Name} is started again, and the run repeated");
            }
        }
    }

    public void AddRatio(string figure, FioJob job, ServerProcess over, ServerProcess under) =>
        context.Report.Figures[figure] = Figure.Of(
            [.. _results[(job, over)].Zip(_results[(job, under)], (a, b) => a.Iops / b.Iops)], "ratio", under.Name);

    /// <summary>Medians of what each server did, for the reader.</summary>
    public void AddAbsolutes() =>
        context.Report.Notes["absolute"] = new JsonObject(_results.GroupBy(r => r.Key.Job.Name).Select(job =>
            KeyValuePair.Create(job.Key, (JsonNode?)new JsonObject(job.Select(r => KeyValuePair.Create(r.Key.Server.Name, (JsonNode?)new JsonObject
            {
                ["perSecond"] = Median(r.Value, x => x.Iops, 0),
                ["mibPerSecond"] = Median(r.Value, x => x.MibPerSecond, 0),
                ["p99Microseconds"] = Median(r.Value, x => x.P99Microseconds, 0),
                ["serverCpuMicrosecondsEach"] = Median(r.Value, x => x.CpuMicrosecondsPerOperation, 1),
            }))))));

    private static double Median(List<FioResult> results, Func<FioResult, double> field, int digits) =>
        Math.Round(Figure.Of([.. results.Select(field)], "").Value, digits);
}
