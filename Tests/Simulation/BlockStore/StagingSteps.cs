namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>What happens where a store and its remote image have come apart, and what brings them together.</summary>
internal static class StagingSteps
{
    internal static void ChangeStore(StoreWorld world)
    {
        if (StoreSteps.Agent(world) is not { IsEnded: false } agent) return;
        if (world.Chance(0.3)) agent.Write(2);
        agent.ChangeStore();
        if (world.Chance(0.2)) agent.Crash();
        if (world.Chance(0.5)) agent.Attach();
    }

    internal static void Copy(StoreWorld world)
    {
        if (Filling(world) is not { } agent) return;
        agent.Copy(world.Random.Next(1, 4));
        agent.CommitFills();
    }

    internal static void Publish(StoreWorld world)
    {
        if (Filling(world) is not { } agent) return;
        if (world.Chance(0.7))
        {
            Fill(world, agent);
            StoreSteps.Drain(world, agent, 1);
        }
        agent.Publish();
        if (world.Chance(0.3)) Between(world, agent);
        StoreSteps.PublishWork(agent.Volume, world);
    }

    internal static void Fold(StoreWorld world)
    {
        if (Staged(world) is not { } volume) return;
        volume.PrepareStagingFold();
        StoreSteps.PublishWork(volume, world);
    }

    /// <summary>A branch is given up and freed, and then perhaps the database goes back.</summary>
    internal static void GiveUp(StoreWorld world)
    {
        if (Staged(world) is not { } volume) return;
        volume.AbandonStaging();
        if (world.Chance(0.7)) Drop(world, volume);
    }

    internal static void Drop(StoreWorld world)
    {
        if (Staged(world) is { } volume) Drop(world, volume);
    }

    internal static void Zeroes(StoreWorld world)
    {
        if (StoreSteps.Volume(world) is not { } volume) return;
        volume.PrepareZeroes();
        StoreSteps.PublishWork(volume, world);
    }

    /// <summary>Copies are on their way while the log goes over the same blocks, is committed, and folded.</summary>
    internal static void Race(StoreWorld world)
    {
        if (Filling(world) is not { } agent) return;
        for (var copies = world.Random.Next(1, 4); copies > 0; copies--) agent.Copy(world.Random.Next(1, 4));
        for (var changes = world.Random.Next(1, 4); changes > 0; changes--)
        {
            if (world.Chance(0.5)) agent.Write(1);
            else agent.Discard();
        }
        StoreSteps.Drain(world, agent, 2);
        for (var folds = world.Random.Next(1, 4); folds > 0; folds--)
        {
            agent.Volume.PrepareStagingFold();
            StoreSteps.PublishWork(agent.Volume, world);
        }
        agent.CommitFills();
    }

    /// <summary>All of it: a store that changed is brought over, with other things in between.</summary>
    internal static void Together(StoreWorld world)
    {
        if (StoreSteps.Agent(world) is not { IsEnded: false } agent) return;
        if (agent.Branch == 0 && world.Chance(0.8)) agent.ChangeStore();
        agent.Attach();
        Drop(world, agent.Volume);
        if (!agent.IsAttached) agent.Attach();
        if (agent.Branch == 0) return;
        if (world.Chance(0.5)) Race(world);
        Fill(world, agent);
        if (world.Chance(0.4)) Between(world, agent);
        for (var rounds = 0; rounds < 3 && agent.Branch > 0; rounds++)
        {
            StoreSteps.Drain(world, agent, 2);
            agent.Publish();
            StoreSteps.PublishWork(agent.Volume, world);
        }
    }

    /// <summary>No more faults: one round of what brings a store and its image together.</summary>
    internal static void Finish(StoreWorld world, SimulatedAgent agent)
    {
        agent.Volume.Crash();
        if (agent.IsMissing) agent.Copy(world.Space.Blocks.Length);
        for (var commits = 0; commits < 3; commits++) agent.CommitFills();
        agent.Publish();
        Free(agent.Volume);
    }

    /// <summary>Workers bring to an end what a branch waits for.</summary>
    internal static void Free(SimulatedVolume volume)
    {
        if (volume.Row?.Head.Staging is { IsAbandoned: true }) volume.PrepareDrop();
        else if (volume.Row?.Head.Staging is { Tail.Count: >= 200 }) volume.PrepareStagingFold();
        volume.Prepared.ToList().ForEach(volume.Publish);
        volume.Prepared.Clear();
    }

    private static void Fill(StoreWorld world, SimulatedAgent agent)
    {
        for (var copies = world.Random.Next(2, 6); copies > 0; copies--) agent.Copy(world.Random.Next(2, 5));
        agent.CommitFills();
    }

    private static void Between(StoreWorld world, SimulatedAgent agent)
    {
        Action[] work =
        [
            () => agent.Write(1),
            agent.Crash,
            () => StoreSteps.Drain(world, agent, 1),
            () => Fold(world),
            () => agent.Copy(1),
        ];
        work[world.Random.Next(work.Length)]();
    }

    private static void Drop(StoreWorld world, SimulatedVolume volume)
    {
        if (volume.Row?.Head.Staging is not { IsAbandoned: true }) return;
        volume.PrepareDrop();
        StoreSteps.PublishWork(volume, world);
    }

    private static SimulatedAgent? Filling(StoreWorld world) => world.Pick(world.Agents.Where(agent => agent.Branch > 0).ToList());

    private static SimulatedVolume? Staged(StoreWorld world) => world.Pick(world.Volumes.Where(volume => volume.Row?.Head.Staging is not null).ToList());
}
