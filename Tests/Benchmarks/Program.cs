using System.Globalization;
using Tidegate.Tests.Benchmarks.BlockStore;
using Tidegate.Tests.Benchmarks.Drain;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Benchmarks.Nbd;
using Tidegate.Tests.Benchmarks.Recovery;
using Tidegate.Tests.Benchmarks.Restic;
using Tidegate.Tests.Benchmarks.Serving;

var benches = new SortedDictionary<string, Func<BenchContext, Task>>(StringComparer.Ordinal)
{
    ["blockstore"] = BlockStoreBench.RunAsync,
    ["commits"] = CommitBench.RunAsync,
    ["drain"] = DrainBench.RunAsync,
    ["nbd"] = NbdBench.RunAsync,
    ["nbd-front-end"] = FrontEndBench.RunAsync,
    ["retained"] = BlockStoreBench.RetainedAsync,
    ["recovery"] = RecoveryBench.RunAsync,
    ["restic"] = ResticBench.RunAsync,
};

switch (args)
{
    // What benches start as processes of their own.
    case ["serve-raw", var directory, var size, var listen]:
        return await RawFileServer.RunAsync(directory, long.Parse(size, CultureInfo.InvariantCulture), listen);
    case ["serve-volume", var directory, var size, var listen]:
        return await VolumeServer.RunAsync(directory, long.Parse(size, CultureInfo.InvariantCulture), listen);
    // What a test starts: memory is measured of a process that does nothing else.
    case ["sparse-volume", var directory, var mapped]:
        return await SparseVolume.RunAsync(directory, long.Parse(mapped, CultureInfo.InvariantCulture));
    case [var name, .. var rest] when benches.TryGetValue(name, out var bench) && BenchArguments.TryRead(rest, name is "drain" or "recovery", out var isQuick, out var store):
        using (var context = new BenchContext(name, isQuick, store))
        {
            await bench(context);
            var report = await context.Report.ToJsonAsync();
            await File.WriteAllTextAsync(Path.Combine(context.Output, "report.json"), report.ToString());
            BenchContext.Progress($"commands and raw output are in {context.Output}");
            Console.WriteLine(report.ToJsonString());
            return 0;
        }
    default:
        await Console.Error.WriteLineAsync($"usage: {string.Join('|', benches.Keys)} [--quick]; drain and recovery take --store {string.Join('|', BenchStore.Kinds)} as well");
        return 2;
}
