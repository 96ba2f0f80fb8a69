using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>A change that a worker prepared for some head, and what it means once it is saved.</summary>
internal sealed record PreparedWork(string What, PreparedChange Change, VolumeHead BasedOn, DateTimeOffset PreparedAt, Func<VolumeTruth, VolumeTruth> Meaning);

// Work items: prepared outside the grain's turn for a head that may be old, published by the grain, or lost.
internal sealed partial class SimulatedVolume
{
    /// <summary>Changes that a worker has prepared and the volume has not published.</summary>
    internal List<PreparedWork> Prepared { get; } = [];

    internal void PrepareDeletion(IReadOnlyList<string> snapshotIds) => Prepare(
        $"deletion of [{string.Join(", ", snapshotIds)}]",
        row => _world.Is(PlantedBug.ReclaimForgetsClone)
            ? DeleteWithPins(row, snapshotIds)
            : Sync.Result(SnapshotDeletion.PrepareAsync(row.Head, snapshotIds, _world.Now, Segments, Sealer)),
        truth => truth with { Snapshots = truth.Snapshots.RemoveRange(snapshotIds) });

    internal void PrepareExpansion(int pages) => Prepare(
        $"expansion of {pages} pages", row => Sync.Result(SubtreeExpansion.PrepareAsync(row.Head, _world.Now, Segments.At([.. row.Head.Relocations, .. OriginTables]), Sealer, pages)));

    internal void Publish(PreparedWork work) => Perform(
        $"publication: {work.What}",
        row =>
        {
            if (_world.Now - work.PreparedAt > StoreWorld.LongestWork) return VolumeDecision.Nothing;
            var tail = Sync.Result(TailManifest.LoadAsync(Segments, row.Head.Tail, CancellationToken.None));
            var change = BuggedPublication(row, work, tail, work.Change.Publish(row.Head, tail, Sealer));
            return ToDecision(row, change, work.Meaning(row.Truth));
        },
        (_, _) => { });

    /// <summary>
    /// Deletes what was condemned long enough ago: longer than any ticket lives and than any backup may be restored. The row may be an old
    /// one: what is condemned stays so.
    /// </summary>
    internal void Sweep()
    {
        if (AnyRow() is not { } row) return;
        foreach (var tombstone in Try(row, "sweep", () => Sync.ToList(OpenCatalogue(row.Head).ListTombstonesAsync())) ?? [])
        {
            if (_world.Now - tombstone.CondemnedAt < StoreWorld.Grace && !_world.Is(PlantedBug.DeletedWithoutGrace)) continue;
            if (Sync.Result(_world.Bucket.DeleteAsync(tombstone.BlobKey))) _world.Happened("a condemned blob is deleted", tombstone.BlobKey);
        }
        foreach (var volume in _world.Volumes) StoreChecks.Reached(volume);
    }

    private PreparedChange DeleteWithPins(VolumeRow row, IReadOnlyList<string> snapshotIds)
    {
        var catalogue = OpenCatalogue(row.Head);
        var pins = Sync.ToList(catalogue.ListPinsAsync());
        foreach (var pin in pins) Sync.Run(catalogue.RemovePinAsync(pin.CloneVolumeId));
        var dropped = pins.ConvertAll(Dropped.Of);
        foreach (var id in snapshotIds)
        {
            if (Sync.Result(catalogue.FindSnapshotAsync(id)) is { } snapshot) dropped.Add(Dropped.Of(snapshot));
            Sync.Result(catalogue.RemoveSnapshotAsync(id));
        }
        return Sync.Result(ReclaimChange.FinishAsync(row.Head, catalogue, dropped, [], _world.Now, Segments, Sealer, CancellationToken.None));
    }

    private void Prepare(string what, Func<VolumeRow, PreparedChange?> prepare, Func<VolumeTruth, VolumeTruth>? meaning = null)
    {
        if (AnyRow() is not { } row) return;
        var change = Try(row, what, () => prepare(row));
        if (change is not null) Prepared.Add(new PreparedWork(what, change, row.Head, _world.Now, meaning ?? (truth => truth)));
        _world.Happened(change is null ? "nothing is prepared" : "prepared", $"{Id}: {what} for v{row.Head.Version}");
    }

    /// <summary>What a worker was given to begin from: new, or as an idle activation remembers it.</summary>
    private VolumeRow? AnyRow() => _activations[_world.Random.Next(2)] ?? Row;
}
