using System.Globalization;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// <c>./dev sim --write-path --seeds N [--start S] [--planted [BUG]] [--trace]</c>: seeds on every core, each on one thread. The last line counts them. With
/// <c>--planted</c>: how many seeds each planted bug takes to be caught, or one of them. With <c>--trace</c>: all that happens in one seed.
/// With <c>--several</c>: seeds of several volumes of one agent.
/// </summary>
internal static class WritePathCampaign
{
    private const int MostPrinted = 5;

    internal static int Run(string[] options)
    {
        int seeds = 1000, start = 0;
        bool isPlanted = false, isTraced = false, isSeveral = false;
        var only = PlantedBug.None;
        for (var i = 0; i < options.Length; i++)
        {
            switch (options[i])
            {
                case "--seeds" when i + 1 < options.Length && int.TryParse(options[i + 1], CultureInfo.InvariantCulture, out seeds) && seeds > 0:
                case "--start" when i + 1 < options.Length && int.TryParse(options[i + 1], CultureInfo.InvariantCulture, out start) && start >= 0:
                    i++;
                    break;
                case "--planted":
                    isPlanted = true;
                    if (i + 1 < options.Length && Enum.TryParse(options[i + 1], out only))
                        i++;
                    break;
                case "--several":
                    isSeveral = true;
                    break;
                case "--trace":
                    isTraced = true;
                    break;
                default:
                    Console.Error.WriteLine($"sim: '{options[i]}' is not understood; --seeds N, --start S, --planted [BUG], --trace and --several are.");
                    return 2;
            }
        }
        if (isSeveral)
            return RunSeveral(start, seeds);
        if (isTraced)
            return RunTraced(start, only);
        return isPlanted ? RunPlanted(start, seeds, only) : RunSeeds(start, seeds);
    }

    private static int RunSeveral(int start, int seeds)
    {
        var (failed, recoveries) = (0, 0);
        var began = TimeProvider.System.GetTimestamp();
        Parallel.For(start, start + seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var result = SeveralVolumesSimulation.Run(seed);
            Interlocked.Add(ref recoveries, result.Recoveries);
            if (result.Failure is null) return;
            Interlocked.Increment(ref failed);
            Console.WriteLine($"seed {seed}: {result.Failure}");
        });
        Console.WriteLine($"{seeds} seeds of several volumes, {recoveries} recoveries, {failed} failures, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F0} s");
        return failed == 0 ? 0 : 1;
    }

    private static int RunTraced(int seed, PlantedBug bug)
    {
        var result = WritePathSimulation.Run(seed, bug, isTraced: true);
        foreach (var line in result.Trace)
            Console.WriteLine(line);
        Console.WriteLine(result.Failure ?? $"seed {seed}: {result.Recoveries} crash points, nothing is wrong");
        return result.Failure is null ? 0 : 1;
    }

    private static int RunSeeds(int start, int seeds)
    {
        var (done, failed, recoveries) = (0, 0, 0L);
        var began = TimeProvider.System.GetTimestamp();
        var gate = new Lock();
        var events = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var shown = TimeSpan.Zero;
        Parallel.For(start, start + seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var result = WritePathSimulation.Run(seed);
            // Shrinking takes as long as hundreds of seeds: only for those that are read.
            var isFirst = result.Failure is not null && Interlocked.Increment(ref failed) <= MostPrinted;
            var text = isFirst ? WritePathFailure.Describe(result, PlantedBug.None) : null;
            lock (gate)
            {
                done++;
                recoveries += result.Recoveries;
                foreach (var (what, count) in result.Events) events[what] = events.GetValueOrDefault(what) + count;
                if (text is not null) Console.WriteLine(text);
                else if (result.Failure is not null) Console.WriteLine($"seed {seed}: {result.Failure.Split('\n')[0]}");
                var elapsed = TimeProvider.System.GetElapsedTime(began);
                if (elapsed - shown < TimeSpan.FromSeconds(5)) return;
                shown = elapsed;
                Console.Error.WriteLine($"sim: {done} of {seeds} seeds, {recoveries} crash points, {failed} failures, {recoveries / elapsed.TotalSeconds:F0} crash points a second");
            }
        });
        Console.Error.WriteLine($"sim: what happened: {string.Join(", ", events.Select(pair => $"{pair.Key} {pair.Value}"))}");
        Console.WriteLine($"{seeds} seeds, {recoveries} crash points, {failed} failures, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F0} s");
        return failed == 0 ? 0 : 1;
    }

    private static int RunPlanted(int start, int seeds, PlantedBug only)
    {
        var unnoticed = 0;
        foreach (var bug in Enum.GetValues<PlantedBug>().Where(bug => bug != PlantedBug.None && (only == PlantedBug.None || bug == only)))
        {
            var caught = new System.Collections.Concurrent.ConcurrentDictionary<int, string>();
            Parallel.For(start, start + seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
            {
                if (WritePathSimulation.Run(seed, bug).Failure is { } failure) caught[seed] = failure;
            });
            Console.WriteLine(caught.IsEmpty
                ? $"{bug}: unnoticed"
                : $"{bug}: caught first by seed {caught.Keys.Min()}, by {caught.Count} of {seeds}: {caught[caught.Keys.Min()].Split('\n')[0]}");
            if (caught.IsEmpty) unnoticed++;
        }
        Console.WriteLine($"{unnoticed} planted bugs unnoticed");
        return unnoticed == 0 ? 0 : 1;
    }
}
