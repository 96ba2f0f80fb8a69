using System.Globalization;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// <c>./dev sim --seeds N [--start S] [--planted]</c>: sequences on every core, each on one thread. The last line counts them. With
/// <c>--planted</c>: how many seeds each planted bug takes to be caught.
/// </summary>
internal static class StoreCampaign
{
    private const int MostPrinted = 5;

    internal static int Run(string[] options)
    {
        int seeds = 1000, start = 0;
        var isPlanted = false;
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
                    break;
                default:
                    Console.Error.WriteLine($"sim: '{options[i]}' is not understood; --seeds N, --start S and --planted are.");
                    return 2;
            }
        }
        return isPlanted ? RunPlanted(start, seeds) : RunSeeds(start, seeds);
    }

    private static int RunSeeds(int start, int seeds)
    {
        var (done, failed, saves) = (0, 0, 0L);
        var began = TimeProvider.System.GetTimestamp();
        var gate = new Lock();
        var events = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var shown = TimeSpan.Zero;
        Parallel.For(start, start + seeds, seed =>
        {
            var result = StoreSimulation.Run(seed);
            // Shrinking takes as long as hundreds of sequences: only for those that are read.
            var isFirst = result.Failure is not null && Interlocked.Increment(ref failed) <= MostPrinted;
            var text = isFirst ? StoreSimulation.Describe(result) : null;
            lock (gate)
            {
                done++;
                saves += result.World.Database.Saves;
                foreach (var (what, count) in result.World.Events) events[what] = events.GetValueOrDefault(what) + count;
                if (text is not null) Console.WriteLine(text);
                else if (result.Failure is not null) Console.WriteLine($"seed {seed}: {result.Failure.Split('\n')[0]}");
                var elapsed = TimeProvider.System.GetElapsedTime(began);
                if (elapsed - shown < TimeSpan.FromSeconds(5)) return;
                shown = elapsed;
                Console.Error.WriteLine($"sim: {done} of {seeds} sequences, {failed} failures, {done / elapsed.TotalSeconds:F0} a second");
            }
        });
        Console.Error.WriteLine($"sim: what happened: {string.Join(", ", events.Select(pair => $"{pair.Key} {pair.Value}"))}");
        Console.Error.WriteLine($"sim: {saves} saved heads checked in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F0} s");
        Console.WriteLine($"{seeds} sequences, {failed} failures");
        return failed == 0 ? 0 : 1;
    }

    private static int RunPlanted(int start, int seeds)
    {
        var unnoticed = 0;
        foreach (var bug in Enum.GetValues<PlantedBug>().Where(bug => bug != PlantedBug.None))
        {
            var caught = new System.Collections.Concurrent.ConcurrentBag<int>();
            Parallel.For(start, start + seeds, seed =>
            {
                if (StoreSimulation.Run(seed, bug).Failure is not null) caught.Add(seed);
            });
            Console.WriteLine($"{bug}: {(caught.IsEmpty ? "unnoticed" : $"caught first by seed {caught.Min()}, by {caught.Count} of {seeds}")}");
            if (caught.IsEmpty) unnoticed++;
        }
        Console.WriteLine($"{unnoticed} planted bugs unnoticed");
        return unnoticed == 0 ? 0 : 1;
    }
}
