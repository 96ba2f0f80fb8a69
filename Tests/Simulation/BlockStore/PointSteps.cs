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
}
