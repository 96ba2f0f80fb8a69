using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore.Staging;

/// <summary>
/// Runs one sequence of a volume whose store and remote image come apart and are put together again: begin, log segments, copies in any order,
/// folds, publication, abandonment, snapshots, reclaim, rebuilds and deaths in between. At the end everything must come together. A seed means the same every time.
/// </summary>
internal static class StagingSimulation
{
    private static readonly (int Weight, Action<StagedWorld, StagedService, StagedAgent> Run)[] Steps =
    [
        (12, (_, _, agent) => agent.Write()),
        (4, (_, _, agent) => agent.Discard()),
        (6, (_, _, agent) => agent.Seal()),
        (6, (_, _, agent) => agent.Upload()),
        (6, (_, _, agent) => agent.CommitLog()),
        (8, (_, _, agent) => agent.Copy()),
        (6, (_, _, agent) => agent.CommitFills()),
        (5, (_, _, agent) => agent.Publish()),
        (3, (_, _, agent) => agent.PassBy()),
        (6, Race),
        (6, Finish),
        (2, GiveUp),
        (4, (_, _, agent) => agent.Attach()),
        (2, (_, _, agent) => agent.Crash()),
        (8, (world, _, agent) => Drain(world, agent, 2)),
        (4, (_, service, _) => service.PrepareFold()),
        (8, (world, service, _) => PublishWork(world, service)),
        (3, (world, _, agent) => agent.Snapshot($"snap-{world.NextNumber()}")),
        (2, (world, service, _) => service.PrepareDeletion([.. service.Truth.Snapshots.Keys.Where(_ => world.Chance(0.5))])),
        (2, (_, service, _) => service.PrepareHousekeeping()),
        (1, (_, service, _) => service.PrepareExpansion()),
        (1, (_, service, _) => service.PrepareZeroes()),
        (2, (_, service, _) => service.PrepareCompaction()),
        (2, (_, service, _) => service.Sweep()),
        (1, (_, service, _) => service.CollectOrphans()),
        (1, (_, service, _) => service.Abandon()),
        (1, (_, service, _) => service.Drop()),
        (1, (_, service, _) => service.Rebuild()),
        (3, (world, _, _) => Pass(world)),
    ];

    internal static (string? Failure, StagedWorld World) Run(int seed, StagingBug planted = StagingBug.None)
    {
        var world = new StagedWorld(seed, planted);
        try
        {
            var service = new StagedService(world);
            var agent = new StagedAgent(world, service);
            var weights = Steps.Select(step => step.Weight * (world.Random.Next(5) switch { 0 => 0, 4 => 6, _ => 2 })).ToArray();
            agent.Attach();
            for (var count = world.Random.Next(30, 160); count > 0; count--)
            {
                var left = world.Random.Next(Math.Max(1, weights.Sum()));
                var kind = 0;
                while (kind < Steps.Length - 1 && (left -= weights[kind]) >= 0) kind++;
                world.Note($"step {kind}");
                Steps[kind].Run(world, service, agent);
            }
            End(world, service, agent);
            return (null, world);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return ($"seed {seed}: {(failure is Violation ? failure.Message : failure.ToString())}", world);
        }
    }

    /// <summary>No more faults: whatever state it is in, an agent that goes on brings store and image together.</summary>
    private static void End(StagedWorld world, StagedService service, StagedAgent agent)
    {
        world.HasFaults = false;
        service.Prepared.Clear();
        for (var round = 0; !agent.IsTogether; round++)
        {
            if (round == 60) throw new Violation($"store and image do not come together: {string.Join(", ", world.Trace.TakeLast(20))}");
            if (!agent.IsAttached || round % 10 == 9) agent.Attach();
            Drain(world, agent, 4);
            agent.Publish();
            Drain(world, agent, 2);
            agent.Publish();
            while (service.Prepared.Count > 0) service.Publish(service.Prepared.Count - 1);
            Drain(world, agent, 1);
            if (agent.IsStaging && service.Head.Staging is null) agent.Attach();
        }
        if (!service.Truth.Main.AsSpan().SequenceEqual(agent.Local)) throw new Violation("the image is not the store when all is done");
        service.CheckAll();
        world.Now += TimeSpan.FromDays(9);
        service.PrepareHousekeeping();
        while (service.Prepared.Count > 0) service.Publish(0);
        for (var times = 0; times < 3; times++)
        {
            service.Sweep();
            while (service.Prepared.Count > 0) service.Publish(0);
        }
        service.CollectOrphans();
        service.CheckAll();
    }

    private static void Drain(StagedWorld world, StagedAgent agent, int rounds)
    {
        if (!agent.IsAttached) agent.Attach();
        for (; rounds > 0; rounds--)
        {
            for (var seals = world.Random.Next(1, 4); seals > 0; seals--) agent.Seal();
            for (var uploads = 0; uploads < 4; uploads++) agent.Upload();
            agent.CommitLog();
            for (var copies = world.Random.Next(3); copies > 0; copies--) agent.Copy();
            agent.CommitFills();
        }
    }

    /// <summary>Copies that are on their way while the log goes over the same blocks, is committed, and folded.</summary>
    private static void Race(StagedWorld world, StagedService service, StagedAgent agent)
    {
        if (!agent.IsStaging) agent.PassBy();
        agent.Attach();
        if (!agent.IsStaging) return;
        for (var copies = world.Random.Next(1, 5); copies > 0; copies--) agent.Copy();
        for (var changes = world.Random.Next(1, 5); changes > 0; changes--)
        {
            if (world.Chance(0.5)) agent.Write();
            else agent.Discard();
        }
        for (var rounds = 0; rounds < 3; rounds++)
        {
            agent.Seal();
            agent.Upload();
            agent.CommitLog();
        }
        for (var folds = 0; folds < 2; folds++)
        {
            service.PrepareFold();
            if (service.Prepared.Count > 0) service.Publish(service.Prepared.Count - 1);
        }
        for (var commits = 0; commits < 4; commits++) agent.CommitFills();
    }

    /// <summary>Everything is copied and committed; the log may be behind, or a copy.</summary>
    private static void Finish(StagedWorld world, StagedService service, StagedAgent agent)
    {
        for (var copies = 0; copies < 6; copies++) agent.Copy();
        if (world.Chance(0.5)) agent.Write();
        if (world.Chance(0.5)) agent.Copy();
        for (var commits = 0; commits < (world.Chance(0.8) ? 6 : 1); commits++) agent.CommitFills();
        if (world.Chance(0.5)) Drain(world, agent, 1);
        agent.Publish();
        if (service.Prepared.Count > 0) service.Publish(service.Prepared.Count - 1);
    }

    /// <summary>A branch with some log is given up and freed, and then the database is lost.</summary>
    private static void GiveUp(StagedWorld world, StagedService service, StagedAgent agent)
    {
        if (!agent.IsStaging) return;
        agent.Write();
        Drain(world, agent, 2);
        service.Abandon();
        service.Drop();
        if (world.Chance(0.5)) service.Rebuild();
    }

    private static void PublishWork(StagedWorld world, StagedService service)
    {
        if (service.Prepared.Count > 0) service.Publish(world.Random.Next(service.Prepared.Count));
    }

    private static void Pass(StagedWorld world) => world.Now += TimeSpan.FromMinutes(world.Random.Next(4) switch { 0 => 90, 1 => 1600, 2 => 6 * 1440, _ => 1 });
}
