using System.Text.RegularExpressions;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>What to print of a seed that fails: the fewest steps that fail alike, what happened in them, and how to see it again.</summary>
internal static partial class WritePathFailure
{
    private const int MostTries = 300;
    private const int LastLines = 80;

    internal static string Describe(SimulationResult failed, PlantedBug bug)
    {
        var shrunk = Shrink(failed, bug);
        var trace = shrunk.Trace.Count > LastLines ? shrunk.Trace.Skip(shrunk.Trace.Count - LastLines).Prepend("...") : shrunk.Trace;
        return $"seed {failed.Seed}: {failed.Failure}\nthe fewest steps found that fail alike ({shrunk.Steps.Count} of {failed.Steps.Count}): {shrunk.Failure}\n  "
            + $"{string.Join("\n  ", trace)}\nrun it again: ./dev sim --write-path --start {failed.Seed} --seeds 1 (all of it: --trace)";
    }

    private static SimulationResult Shrink(SimulationResult failed, PlantedBug bug)
    {
        var steps = failed.Steps.ToList();
        var tries = 0;
        for (var chunk = steps.Count / 2; chunk >= 1; chunk /= 2)
        {
            for (var at = 0; at + chunk <= steps.Count && tries++ < MostTries;)
            {
                List<SimulationStep> fewer = [.. steps[..at], .. steps[(at + chunk)..]];
                if (KindOf(WritePathSimulation.Run(failed.Seed, fewer, bug, isTraced: false).Failure) == KindOf(failed.Failure))
                    steps = fewer;
                else
                    at += chunk;
            }
        }
        return WritePathSimulation.Run(failed.Seed, steps, bug, isTraced: true);
    }

    // Numbers and the values behind a semicolon differ from run to run of one fault.
    private static string KindOf(string? failure) => failure is null ? "" : Digits().Replace(failure.Split('\n')[0].Split(';')[0], "0");

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();
}
