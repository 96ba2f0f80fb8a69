namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>What people do with recovery points, while time goes on.</summary>
internal static class PointSteps
{
    internal static void Keep(StoreWorld world)
    {
        if (StoreSteps.Volume(world) is not { } volume) return;
        volume.PrepareSnapshotOfPoint(StoreSteps.Name(world, "snap"));
        WindowMoves(world, volume);
        StoreSteps.PublishWork(volume, world);
    }

    internal static void Clone(StoreWorld world)
    {
        if (world.Volumes.Count >= StoreSteps.MaxVolumes || StoreSteps.Volume(world) is not { } volume) return;
        var before = world.Volumes.Count;
        volume.PreparePinOfPoint(StoreSteps.Name(world, "vol"));
        WindowMoves(world, volume);
        StoreSteps.PublishWork(volume, world);
        if (world.Volumes.Count > before && world.Agents.Count < StoreSteps.MaxAgents) StoreSteps.AddAgent(world, world.Volumes[^1]);
    }

    /// <summary>Perhaps a point leaves the window between being found and being held.</summary>
    private static void WindowMoves(StoreWorld world, SimulatedVolume volume)
    {
        if (!world.Chance(0.3)) return;
        world.Elapse(TimeSpan.FromSeconds(world.Random.Next(1, 100)));
        if (world.Chance(0.5)) StoreSteps.Fold(world, volume);
        volume.PrepareHousekeeping();
        StoreSteps.PublishWork(volume, world);
    }

    /// <summary>A snapshot is read for longer than the grace, while it is deleted, and what it shares is folded, moved and swept.</summary>
    internal static void LongRead(StoreWorld world)
    {
        var clones = world.Volumes.Where(one => one is { Origin.Row: not null, Row.Truth.Snapshots.Count: > 0 }).ToList();
        if ((clones.Count > 0 && world.Chance(0.5) ? world.Pick(clones) : StoreSteps.Volume(world)) is not { Row: { } row } volume || world.Pick(row.Truth.Snapshots.Keys.ToList()) is not { } snapshot) return;
        var reader = new SimulatedReader(volume, snapshot, StoreSteps.Name(world, "lease"));
        if (world.Is(PlantedBug.LeaseAfterTheImage))
        {
            reader.Look();
            Disturb(world, volume, snapshot, 0.1);
        }
        reader.Lease();
        for (var rounds = world.Random.Next(3, 8); rounds > 0 && reader.IsHeld; rounds--)
        {
            Disturb(world, volume, snapshot, 0.5);
            if (volume.Origin is { Row: not null } origin) Disturb(world, origin, snapshot, 0.5);
            world.Elapse(TimeSpan.FromHours(world.Random.Next(12, 23)));
            reader.Lease();
            if (!reader.IsHeld) return;
            volume.Sweep();
            volume.Origin?.Sweep();
            reader.Read();
        }
    }

    private static void Disturb(StoreWorld world, SimulatedVolume volume, string snapshot, double deletion)
    {
        if (world.Chance(deletion) && volume.Row?.Truth.Snapshots.ContainsKey(snapshot) == true)
        {
            volume.PrepareDeletion([snapshot]);
            StoreSteps.PublishWork(volume, world);
        }
        if (world.Chance(0.3) && world.Pick(world.Agents.Where(agent => agent.Volume == volume).ToList()) is { } agent)
        {
            agent.Write(4);
            StoreSteps.Drain(world, agent, 2);
        }
        if (world.Chance(0.7)) StoreSteps.Fold(world, volume);
        volume.PrepareHousekeeping();
        StoreSteps.PublishWork(volume, world);
        StoreSteps.Compact(world, volume);
    }
}
