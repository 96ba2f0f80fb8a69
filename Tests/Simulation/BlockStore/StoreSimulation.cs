using Tidegate.BlockStore.Heads;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>How one sequence ended.</summary>
internal sealed record SequenceResult(int Seed, int Steps, string? Failure, IReadOnlyList<string> Trace, StoreWorld World);

/// <summary>
/// Runs one sequence: a deployment drawn from the seed, some dozens of steps, then an end without faults at which everything must come
/// right. A seed means the same for ever on one version of the code: one thread, driven time, drawn nonces.
/// </summary>
internal static class StoreSimulation
{
    internal static SequenceResult Run(int seed, PlantedBug planted = PlantedBug.None, bool isTraced = false) =>
        Run(seed, Plan(seed), planted, isTraced);

    /// <summary>The fewest steps found that fail alike: their trace is what to read.</summary>
    internal static SequenceResult Shrink(SequenceResult failed, PlantedBug planted = PlantedBug.None)
    {
        var steps = Plan(failed.Seed).Take(failed.Steps).ToList();
        for (var chunk = steps.Count / 2; chunk >= 1; chunk /= 2)
        {
            for (var at = 0; at + chunk <= steps.Count;)
            {
                List<(int Kind, int Seed)> fewer = [.. steps[..at], .. steps[(at + chunk)..]];
                if (KindOf(Run(failed.Seed, fewer, planted, false).Failure) == KindOf(failed.Failure)) steps = fewer;
                else at += chunk;
            }
        }
        return Run(failed.Seed, steps, planted, true);
    }

    /// <summary>What to print of a failure, and how to see it again.</summary>
    internal static string Describe(SequenceResult failed, PlantedBug planted = PlantedBug.None)
    {
        var shrunk = Shrink(failed, planted);
        return $"seed {failed.Seed}, step {failed.Steps}: {failed.Failure}\nthe fewest steps that fail alike ({shrunk.Steps}): {shrunk.Failure}\n  {string.Join("\n  ", shrunk.Trace)}\n"
            + $"run it again: ./dev sim --start {failed.Seed} --seeds 1 (TIDEGATE_SIMULATION_SEED={failed.Seed} ./dev test simulation)";
    }

    /// <summary>The steps of a sequence: kinds by weights that differ from seed to seed, each with a seed of its own.</summary>
    private static List<(int Kind, int Seed)> Plan(int seed)
    {
        var random = new Random(seed);
        var weights = StoreSteps.All.Select(step => step.Weight * (random.Next(6) switch { 0 => 0, 1 => 1, 5 => 9, _ => 3 })).ToArray();
        var total = weights.Sum();
        var steps = new List<(int, int)>();
        for (var count = random.Next(3) == 0 ? random.Next(60, 140) : random.Next(15, 70); count > 0; count--)
        {
            var left = random.Next(total);
            var kind = 0;
            while ((left -= weights[kind]) >= 0) kind++;
            steps.Add((kind, random.Next()));
        }
        return steps;
    }

    private static SequenceResult Run(int seed, List<(int Kind, int Seed)> steps, PlantedBug planted, bool isTraced)
    {
        var world = new StoreWorld(seed, planted, isTraced);
        var done = 0;
        try
        {
            var volume = new SimulatedVolume(world, "vol-0", null) { Beginning = LogEntry.Begin(0, new int[world.Space.Count]) };
            volume.Make(HeadMachine.Create(volume.Lineage, 1, world.Space.FirstSizeBytes));
            StoreSteps.AddAgent(world, volume);
            foreach (var (kind, stepSeed) in steps)
            {
                done++;
                world.Random = new Random(stepSeed);
                StoreSteps.All[kind].Run(world);
            }
            End(world);
            return new SequenceResult(seed, done, null, world.Trace, world);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            var what = failure is Violation ? failure.Message : failure.ToString();
            return new SequenceResult(seed, done, what, world.Trace, world);
        }
    }

    /// <summary>No more faults: one agent of each volume drains, and everything saved is what it should be.</summary>
    private static void End(StoreWorld world)
    {
        world.Note("no more faults");
        world.Faults = 0;
        foreach (var (what, deliver) in world.Mail.ToList())
        {
            world.Note($"arrives: {what}");
            deliver();
        }
        foreach (var volume in world.Volumes.ToList())
        {
            foreach (var save in volume.Unfinished.ToList()) save();
            volume.Crash();
            Drain(world, volume);
            Release(volume);
            StoreChecks.All(volume);
        }
        StoreChecks.Condemned(world);
    }

    private static void Drain(StoreWorld world, SimulatedVolume volume)
    {
        var agents = world.Agents.Where(agent => agent.Volume == volume).ToList();
        foreach (var agent in agents)
        {
            agent.Attach();
            for (var tries = 0; tries < 4 && !agent.IsAttached; tries++)
            {
                StagingSteps.Free(volume);
                agent.Attach();
            }
            for (var round = 0; agent.IsAttached && (!agent.IsDrained || agent.Branch > 0); round++)
            {
                if (round == 400) throw new Violation($"{agent.Name} does not drain");
                StoreSteps.Drain(world, agent, 1);
                if (agent.Branch > 0) StagingSteps.Finish(world, agent);
                if (HeadMachine.ShouldFold(volume.Row!.Head)) Fold(volume);
            }
            // An agent whose log is the volume's history comes through; a copy that fell behind does not.
            if (!agent.IsDrained && !agent.IsEnded && !volume.WasCopied) throw new Violation($"{agent.Name} cannot drain");
        }
        Fold(volume);
    }

    private static void Release(SimulatedVolume volume)
    {
        for (var units = 0; Sync.ToList(volume.OpenCatalogue(volume.Row!.Head).ListReleasesAsync()).Count > 0; units++)
        {
            if (units == 2000) throw new Violation($"{volume.Id}: freeing does not come to an end");
            volume.PrepareRelease();
            volume.Prepared.ToList().ForEach(volume.Publish);
            volume.Crash();
        }
    }

    private static void Fold(SimulatedVolume volume)
    {
        volume.Crash();
        volume.ComputeFold();
        volume.Folds.ForEach(volume.PrepareFold);
        volume.Prepared.ToList().ForEach(volume.Publish);
        volume.Crash();
    }

    /// <summary>Failures of one kind differ in numbers and names alone.</summary>
    private static string KindOf(string? failure)
    {
        var words = string.Join(' ', (failure ?? "").Split(' ').Where(word => word.All(letter => char.IsAsciiLetter(letter) || letter is '.' or '(' or ')' or ',')));
        return words[..Math.Min(60, words.Length)];
    }
}
