using Tidegate.BlockStore;
using Tidegate.BlockStore.Images;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>Everything that can happen next in a simulated deployment, with how often it does.</summary>
internal static partial class StoreSteps
{
    internal const int MaxVolumes = 5;
    internal const int MaxAgents = 6;

    /// <summary>All kinds of step. The weight is relative; a world draws factors on top.</summary>
    internal static IReadOnlyList<(string Name, int Weight, Action<StoreWorld> Run)> All { get; } =
    [
        ("write", 14, world => Agent(world)?.Write(world.Random.Next(1, 6))),
        ("discard", 4, world => Agent(world)?.Discard()),
        ("flush", 6, world => Agent(world)?.Flush()),
        ("attach", 3, world => Agent(world)?.Attach()),
        ("seal", 8, world => Agent(world)?.Seal(world.Random.Next(1, 6))),
        ("upload", 8, Upload),
        ("commit", 8, world => Agent(world)?.SendCommit()),
        ("drain", 8, world => Drain(world, Agent(world), world.Random.Next(1, 5))),
        ("backlog", 1, Backlog),
        ("mail", 6, Deliver),
        ("crash agent", 2, world => Agent(world)?.Crash()),
        ("copy agent", 1, Copy),
        ("rivals", 2, Rivals),
        ("die in doubt", 2, DieInDoubt),
        ("restore agent", 1, Restore),
        ("crash service", 1, CrashService),
        ("finish save", 3, Finish),
        ("barrier", 3, Barrier),
        ("snapshot", 3, world => Volume(world)?.TakeSnapshot(Name(world, "snap"))),
        ("delete snapshot", 2, DeleteSnapshot),
        ("fold", 5, Fold),
        ("compute fold", 1, world => Volume(world)?.ComputeFold()),
        ("prepare fold", 1, world => PrepareFold(Volume(world), world)),
        ("publish work", 2, world => PublishWork(Volume(world), world)),
        ("compact", 6, Compact),
        ("compute compaction", 1, world => Volume(world)?.ComputeCompaction()),
        ("prepare compaction", 1, world => PrepareCompaction(Volume(world), world)),
        ("expand", 2, Expand),
        ("release", 2, Release),
        ("sweep", 2, world => Volume(world)?.Sweep()),
        ("clone", 2, Clone),
        ("clone a beginning", 2, CloneBeginning),
        ("long read", 1, PointSteps.LongRead),
        ("keep point", 3, PointSteps.Keep),
        ("clone point", 1, PointSteps.Clone),
        ("change store", 1, StagingSteps.ChangeStore),
        ("bring together", 2, StagingSteps.Together),
        ("copy to a branch", 3, StagingSteps.Copy),
        ("race of copies", 3, StagingSteps.Race),
        ("publish a branch", 3, StagingSteps.Publish),
        ("fold a branch", 2, StagingSteps.Fold),
        ("give a branch up", 1, StagingSteps.GiveUp),
        ("free a branch", 2, StagingSteps.Drop),
        ("zeroes", 1, StagingSteps.Zeroes),
        ("housekeeping", 4, HouseKeep),
        ("collect orphans", 1, Collect),
        ("grow", 1, Grow),
        ("time", 3, Pass),
        ("back up", 1, world => world.Database.BackUp(world.Now, world.Bucket.Stored)),
        ("restore backup", 1, Regress),
        ("race", 1, Race),
        ("disaster", 1, Disaster),
        ("difference", 2, Difference),
        ("damage", 2, Damage.Run),
        ("look", 1, world => Look(world)),
    ];

    internal static SimulatedAgent? Agent(StoreWorld world) => world.Pick(world.Agents);

    internal static SimulatedVolume? Volume(StoreWorld world) => world.Pick(world.Volumes);

    /// <summary>The way of a healthy agent: attach, seal, upload, commit.</summary>
    internal static void Drain(StoreWorld world, SimulatedAgent? agent, int rounds)
    {
        if (agent is null) return;
        if (!agent.IsAttached) agent.Attach();
        agent.Flush();
        for (; rounds > 0; rounds--)
        {
            agent.Seal(world.Random.Next(1, 4));
            for (var uploads = 0; uploads < 6; uploads++) agent.UploadOne();
            agent.SendCommit();
        }
    }

    internal static string Name(StoreWorld world, string what) => $"{what}-{world.NextNumber()}";

    /// <summary>Many small segments at once: tails grow past what a head holds inline, and until they are full.</summary>
    private static void Backlog(StoreWorld world)
    {
        if (Agent(world) is not { IsEnded: false } agent) return;
        if (!agent.IsAttached) agent.Attach();
        var count = world.Chance(0.02) ? 300 : world.Chance(0.2) ? 70 : world.Random.Next(8, 24);
        agent.Write(count);
        agent.Flush();
        agent.Seal(count, mostRecords: 2);
        for (var uploads = count; uploads > 0; uploads--) agent.UploadOne();
        for (var commits = count / 16; commits > 0; commits--) agent.SendCommit();
    }

    private static void Upload(StoreWorld world)
    {
        var agent = Agent(world);
        for (var count = world.Random.Next(1, 4); count > 0; count--) agent?.UploadOne();
    }

    private static void Deliver(StoreWorld world)
    {
        if (world.Mail.Count == 0) return;
        var at = world.Random.Next(world.Mail.Count);
        var (what, deliver) = world.Mail[at];
        if (!world.Fault(0.1)) world.Mail.RemoveAt(at);
        world.Happened("arrives at last", what);
        deliver();
    }

    private static void Copy(StoreWorld world)
    {
        if (world.Agents.Count < MaxAgents && Agent(world) is { } agent) world.Agents.Add(agent.Copy(Name(world, "agent"), world.Chance(0.5)));
    }

    /// <summary>Two machines with one log, one behind the other's back: the older epoch comes late, with all that it needs but its epoch.</summary>
    private static void Rivals(StoreWorld world)
    {
        if (world.Agents.Count >= MaxAgents || Agent(world) is not { IsEnded: false } agent) return;
        agent.Write(world.Random.Next(1, 4));
        Ready(world, agent);
        var copy = agent.Copy(Name(world, "agent"), world.Chance(0.5));
        world.Agents.Add(copy);
        if (world.Chance(0.5)) copy.Write(1);
        if (world.Chance(0.5)) Drain(world, copy, 1);
        else copy.Attach();
        agent.SendCommit();
    }

    /// <summary>A commit whose answer is lost with the process that waits for it.</summary>
    private static void DieInDoubt(StoreWorld world)
    {
        if (Agent(world) is not { IsEnded: false } agent) return;
        agent.Write(world.Random.Next(1, 6));
        Ready(world, agent);
        agent.SendCommit(isAnswerLost: true);
        agent.Crash();
        if (world.Chance(0.5)) Drain(world, agent, 2);
    }

    private static void Ready(StoreWorld world, SimulatedAgent agent)
    {
        if (!agent.IsAttached) agent.Attach();
        agent.Flush();
        agent.Seal(world.Random.Next(1, 4), world.Random.Next(2, 5));
        for (var uploads = 0; uploads < 5; uploads++) agent.UploadOne();
    }

    private static void Restore(StoreWorld world)
    {
        if (Volume(world) is not { } volume) return;
        var others = world.Agents.Where(agent => agent.Volume == volume).ToList();
        if (world.Agents.Count >= MaxAgents && others.Count == 0) return;
        // The old one may go on for a while, or be gone.
        if (others.Count > 1 || world.Agents.Count >= MaxAgents || world.Chance(0.5)) world.Agents.RemoveAll(agent => agent.Volume == volume);
        var restored = SimulatedAgent.Restored(world, volume, Name(world, "agent"));
        world.Happened("an agent starts from the head", $"{volume.Id}: {restored.Name}");
        world.Agents.Add(restored);
    }

    private static void CrashService(StoreWorld world)
    {
        if (Volume(world) is not { } volume) return;
        world.Happened("a silo dies", volume.Id);
        volume.Crash();
    }

    private static void Finish(StoreWorld world)
    {
        if (world.Pick(world.Volumes.Where(volume => volume.Unfinished.Count > 0).ToList()) is not { } volume) return;
        var at = world.Random.Next(volume.Unfinished.Count);
        var save = volume.Unfinished[at];
        volume.Unfinished.RemoveAt(at);
        save();
    }

    private static void Barrier(StoreWorld world)
    {
        if (Agent(world) is not { IsEnded: false } agent) return;
        var id = Name(world, "snap");
        agent.Volume.RequestSnapshot(id, (_, _) => agent.Barrier(id));
    }

    private static void DeleteSnapshot(StoreWorld world)
    {
        if (Volume(world) is not { Row: { } row } volume) return;
        var ids = row.Truth.Snapshots.Keys.Where(_ => world.Chance(0.4)).ToList();
        if (ids.Count == 0) return;
        volume.PrepareDeletion(ids);
        PublishWork(volume, world);
    }

    private static void Fold(StoreWorld world)
    {
        if (Volume(world) is { } volume) Fold(world, volume);
    }

    internal static void Fold(StoreWorld world, SimulatedVolume volume)
    {
        volume.ComputeFold();
        PrepareFold(volume, world);
        Between(world, volume);
        PublishWork(volume, world);
    }

    private static void Compact(StoreWorld world)
    {
        if (Volume(world) is { } volume) Compact(world, volume);
    }

    internal static void Compact(StoreWorld world, SimulatedVolume volume)
    {
        volume.ComputeCompaction();
        PrepareCompaction(volume, world);
        Between(world, volume);
        PublishWork(volume, world);
    }

    /// <summary>Perhaps something is committed while work waits to be published.</summary>
    private static void Between(StoreWorld world, SimulatedVolume volume)
    {
        if (!world.Chance(0.4) || world.Pick(world.Agents.Where(agent => agent.Volume == volume).ToList()) is not { } agent) return;
        agent.Write(1);
        Drain(world, agent, 1);
    }

    private static void PrepareCompaction(SimulatedVolume? volume, StoreWorld world)
    {
        if (volume is null || world.Pick(volume.Compactions) is not { } compaction) return;
        if (!world.Chance(0.2)) volume.Compactions.Remove(compaction);
        volume.PrepareCompaction(compaction);
    }

    private static void HouseKeep(StoreWorld world)
    {
        if (Volume(world) is not { } volume) return;
        volume.PrepareHousekeeping();
        PublishWork(volume, world);
    }

    private static void Collect(StoreWorld world)
    {
        if (Volume(world) is { } volume) volume.CollectOrphans(() => Between(world, volume));
    }

    private static void Expand(StoreWorld world)
    {
        if (Volume(world) is not { } volume) return;
        volume.PrepareExpansion(world.Random.Next(1, 4));
        PublishWork(volume, world);
    }

    private static void Release(StoreWorld world)
    {
        if (Volume(world) is not { } volume) return;
        volume.PrepareRelease();
        PublishWork(volume, world);
    }

    private static void PrepareFold(SimulatedVolume? volume, StoreWorld world)
    {
        if (volume is null || world.Pick(volume.Folds) is not { } fold) return;
        if (!world.Chance(0.2)) volume.Folds.Remove(fold);
        volume.PrepareFold(fold);
    }

    internal static void PublishWork(SimulatedVolume? volume, StoreWorld world)
    {
        if (volume is null || world.Pick(volume.Prepared) is not { } work) return;
        if (!world.Chance(0.2)) volume.Prepared.Remove(work);
        volume.Publish(work);
    }

    private static void Clone(StoreWorld world)
    {
        if (world.Volumes.Count >= MaxVolumes || Volume(world) is not { Row: { } row } volume) return;
        if (world.Pick(row.Truth.Snapshots.Keys.ToList()) is not { } id) return;
        var before = world.Volumes.Count;
        volume.Clone(id, Name(world, "vol"));
        if (world.Volumes.Count > before && world.Agents.Count < MaxAgents) AddAgent(world, world.Volumes[^1]);
    }

    /// <summary>A clone is a snapshot and an origin itself before it has anything of its own, and folds what it inherited.</summary>
    private static void CloneBeginning(StoreWorld world)
    {
        if (world.Volumes.Count >= MaxVolumes || world.Pick(world.Volumes.Where(volume => volume is { Origin: not null, Row.Head.CommittedSequence: 0 }).ToList()) is not { } clone) return;
        var id = Name(world, "snap");
        clone.TakeSnapshot(id);
        if (clone.Row?.Truth.Snapshots.ContainsKey(id) == true && world.Chance(0.8)) clone.Clone(id, Name(world, "vol"));
        if (world.Chance(0.8)) Fold(world, clone);
        if (world.Chance(0.5) && clone.Row?.Truth.Snapshots.ContainsKey(id) == true)
        {
            clone.PrepareDeletion([id]);
            PublishWork(clone, world);
        }
        if (world.Pick(world.Agents.Where(agent => agent.Volume == clone).ToList()) is not { } agent) return;
        agent.Write(1);
        Drain(world, agent, 1);
        Fold(world, clone);
    }

    /// <summary>A first agent, with an empty log that starts anywhere.</summary>
    internal static void AddAgent(StoreWorld world, SimulatedVolume volume)
    {
        var start = LogEntry.Begin(world.Random.Next(4) * 4096, volume.Beginning.State);
        world.Agents.Add(new SimulatedAgent(
            world, volume, Name(world, "agent"), new CommittedAt(0, start, Tidegate.BlockStore.Segments.SegmentDigest.None, 0), volume.Row!.Head.SizeBytes));
    }

    private static void Grow(StoreWorld world)
    {
        if (Volume(world) is { Row: { } row } volume && row.Head.SizeBytes < world.Space.LastSizeBytes)
            volume.Resize(world.Chance(0.5) ? world.Space.LastSizeBytes : row.Head.SizeBytes + ((world.Space.LastSizeBytes - row.Head.SizeBytes) / 2 / BlockGeometry.SectorBytes * BlockGeometry.SectorBytes));
    }

    private static void Pass(StoreWorld world)
    {
        var seconds = world.Random.Next(8) switch { 0 => 7200, 1 => 90_000, 2 => 70, 3 => 900_000, _ => world.Random.Next(1, 30) };
        world.Elapse(TimeSpan.FromSeconds(seconds));
        world.Note($"{seconds} s pass");
    }

    private static void Difference(StoreWorld world)
    {
        if (Volume(world) is not { Row: { } row } volume) return;
        var images = new List<(ImageDescriptor, int[])> { (row.Head.ToImage(), row.Truth.Tip.State) };
        foreach (var record in Sync.ToList(volume.OpenCatalogue(row.Head).ListSnapshotsAsync()))
            images.Add((record.Image, StoreChecks.PointOf(row, record).State));
        // What a clone began as, and what it is now.
        if (volume.Origin is not null) images.Add((volume.FirstImage, volume.Beginning.State));
        if (images.Count < 2) return;
        var at = world.Random.Next(images.Count);
        var (one, two) = (images[at], images[(at + world.Random.Next(1, images.Count)) % images.Count]);
        world.Happened(StoreChecks.Difference(volume, row, one, two) ? "two images differ" : "two images are equal", volume.Id);
    }

    private static void Look(StoreWorld world)
    {
        if (Volume(world) is { } volume) StoreChecks.All(volume);
    }
}
