namespace Tidegate.Tests.Simulation.BlockStore;

// The database goes back, or is lost.
internal static partial class StoreSteps
{
    /// <summary>The database is put back to a backup: every volume at once.</summary>
    private static void Regress(StoreWorld world)
    {
        var before = world.Database.Rows;
        var rows = world.Chance(0.5) ? before : null;
        var stored = (long?)null;
        if (rows is not null && world.Chance(0.3))
        {
            world.Database.Lose();
        }
        else
        {
            stored = world.Database.Restore(world.Random, world.Now, StoreWorld.OldestBackup);
            if (stored is null) return;
        }
        // The bucket with it, sometimes: then the agents alone know of what came later.
        var isBucketToo = rows is null && world.Chance(0.4);
        if (isBucketToo)
        {
            world.Bucket.PutBack(stored!.Value);
            world.Happened("put back with the database", "the bucket");
        }
        world.Happened(rows is null ? "put back to a backup" : "put back, and rebuilt from the bucket", "the database");
        // Every silo was stopped for it.
        world.Mail.Clear();
        if (rows is not null)
        {
            Rebuild(world, rows);
            return;
        }
        world.Volumes.RemoveAll(volume => volume.Row is null);
        world.Agents.RemoveAll(agent => agent.Volume.Row is null);
        foreach (var volume in world.Volumes)
        {
            volume.Crash();
            // Uploads that a log gave up may be all that the bucket still has of it: a rebuild takes them for its history, and the log has diverged.
            volume.WasCopied |= isBucketToo;
            volume.GivenUp = isBucketToo ? null : volume.GivenUp ?? before[volume.Id];
            StoreChecks.All(volume);
        }
    }

    private static void Rebuild(StoreWorld world, IReadOnlyDictionary<string, VolumeRow> rows)
    {
        foreach (var volume in world.Volumes)
        {
            volume.Crash();
            volume.Rebuild(volume.GivenUp ?? rows[volume.Id]);
        }
    }

    /// <summary>Two activations take a snapshot each from one head, and perhaps the database is lost before anything else happens.</summary>
    private static void Race(StoreWorld world)
    {
        if (Volume(world) is not { } volume) return;
        volume.Race(() => volume.TakeSnapshot(Name(world, "snap")), () => volume.TakeSnapshot(Name(world, "snap")));
        if (!world.Chance(0.3)) return;
        var rows = world.Database.Rows;
        world.Database.Lose();
        world.Happened("lost after a race, and rebuilt from the bucket", "the database");
        world.Mail.Clear();
        Rebuild(world, rows);
    }

    /// <summary>Some days of ordinary work after a backup, and then that backup is all that is left of the database.</summary>
    private static void Disaster(StoreWorld world)
    {
        world.Database.BackUp(world.Now, world.Bucket.Stored);
        for (var count = world.Random.Next(1, 5); count > 0; count--)
        {
            Action<StoreWorld>[] work = [DeleteSnapshot, Fold, Compact, Expand];
            work[world.Random.Next(work.Length)](world);
            world.Elapse(TimeSpan.FromHours(world.Random.Next(1, 15)));
        }
        foreach (var volume in world.Volumes) volume.Sweep();
        if (world.Chance(0.7)) Regress(world);
    }
}
