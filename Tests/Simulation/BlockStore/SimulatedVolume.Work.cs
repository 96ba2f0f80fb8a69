using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>A change that a worker prepared for some head, and what it means once it is saved.</summary>
internal sealed record PreparedWork(string What, PreparedChange Change, VolumeHead BasedOn, DateTimeOffset PreparedAt, Func<VolumeRow, VolumeTruth, VolumeTruth> Meaning, Action<VolumeRow> Saved)
{
    /// <summary>What the grain itself asks of the row that it would be published to.</summary>
    internal Func<VolumeRow, bool> IsWanted { get; init; } = _ => true;
}

// Work items: prepared outside the grain's turn for a head that may be old, published by the grain, or lost.
internal sealed partial class SimulatedVolume
{
    /// <summary>Changes that a worker has prepared and the volume has not published.</summary>
    internal List<PreparedWork> Prepared { get; } = [];

    internal void PrepareDeletion(IReadOnlyList<string> snapshotIds)
    {
        _world.Deletions.UnionWith(snapshotIds);
        Prepare(
            $"deletion of [{string.Join(", ", snapshotIds)}]",
            row => _world.Is(PlantedBug.ReclaimForgetsClone)
                ? DeleteWithPins(row, snapshotIds)
                : _world.Is(PlantedBug.FreedBeforeDropped) ? FreeFirst(row, snapshotIds)
                : Sync.Result(SnapshotDeletion.PrepareAsync(row.Head, snapshotIds, _world.Now, Segments, Sealer, _world.Limits)),
            (_, truth) => _world.Is(PlantedBug.FreedBeforeDropped) ? truth : truth with { Snapshots = truth.Snapshots.RemoveRange(snapshotIds) });
    }

    internal void PrepareExpansion(int pages) => Prepare(
        $"expansion of {pages} pages", row => Sync.Result(SubtreeExpansion.PrepareAsync(row.Head, _world.Now, Segments.At([.. row.Head.Relocations, .. OriginTables]), Sealer, _world.Limits with { Pages = pages })));

    /// <summary>Goes on freeing what the change that dropped something had enough of.</summary>
    internal void PrepareRelease() => Prepare("release", row =>
    {
        var unit = Sync.Result(PendingReleases.PrepareAsync(row.Head, _world.Now, Segments, Sealer, _world.Limits));
        if (unit is not null) _world.Happened(unit.IsPartial ? "a release goes on" : "a release comes to its end", Id);
        return unit;
    });

    /// <summary>What the service decides by.</summary>
    private ReclaimTerms Terms => new(_world.Now, Retention) { Limits = _world.Limits };

    internal void Publish(PreparedWork work)
    {
        var isPublished = false;
        Perform(
            $"publication: {work.What}",
            row =>
            {
                if (_world.Now - work.PreparedAt > StoreWorld.LongestWork || !work.IsWanted(row)) return VolumeDecision.Nothing;
                var tail = Sync.Result(TailManifest.LoadAsync(Segments, work.Change.TailOf(row.Head), CancellationToken.None));
                var change = BuggedPublication(row, work, tail, work.Change.Publish(row.Head, tail, Sealer, _world.Now));
                // What a refused one would have meant may be moved or gone by now.
                var decision = ToDecision(row, change, change.Refusal is null ? work.Meaning(row, row.Truth) : row.Truth);
                if (decision.Next is not { } next) return decision;
                isPublished = true;
                return decision with { Next = next with { Pending = row.Pending.Except(next.Truth.Snapshots.Keys) } };
            },
            (row, _) =>
            {
                // An answer comes as well when there was nothing to do.
                if (isPublished) work.Saved(row);
            });
    }

    /// <summary>What time alone does, and what asking the clones of unconfirmed pins has told: they exist, or they never will.</summary>
    internal void PrepareHousekeeping() => Prepare(
        "housekeeping",
        row =>
        {
            var unsure = Sync.ToList(OpenCatalogue(row.Head).ListPinsAsync()).Where(pin => !pin.IsConfirmed).Select(pin => pin.CloneVolumeId).ToList();
            var confirmed = unsure.Where(clone => _world.Database.Find(clone) is not null).ToList();
            var released = unsure.Except(confirmed).ToList();
            // Asked whether it exists, a clone that does not gives up.
            _world.AbandonedClones.UnionWith(released);
            foreach (var clone in confirmed) _world.Happened("a pin is confirmed", $"{Id}: for {clone}");
            foreach (var clone in released) _world.Happened("a pin is released", $"{Id}: for {clone}");
            return Sync.Result(Housekeeping.PrepareAsync(row.Head, Terms, released, confirmed, Segments, Sealer));
        });

    /// <summary>
    /// Deletes what was condemned long enough ago: longer than any ticket lives and than any backup may be restored. The row may be an old
    /// one: what is condemned stays so.
    /// </summary>
    internal void Sweep()
    {
        var deleted = _world.Bucket.Deleted;
        Prepare("sweep", row =>
        {
            var grace = _world.Is(PlantedBug.DeletedWithoutGrace) ? TimeSpan.Zero : StoreWorld.Grace;
            if (row.RebuiltAt > _world.Now - grace) return null;
            var swept = Sync.Result(TombstoneSweep.RunAsync(row.Head, grace, _world.Now, _world.Bucket, Segments.At([.. OriginTables]), Sealer));
            if (swept.Kept is [var kept, ..]) throw new Violation($"{Id}: {kept} was condemned and is referred to (I5)");
            return swept.Change;
        });
        if (_world.Bucket.Deleted == deleted) return;
        _world.Happened("condemned blobs are deleted", $"{Id}: {_world.Bucket.Deleted - deleted}");
        foreach (var volume in _world.Volumes) StoreChecks.Reached(volume);
    }

    /// <summary>Collects what no save refers to: the bucket is listed, things happen, the head is read, and then it is decided.</summary>
    internal void CollectOrphans(Action meanwhile)
    {
        if (Row is not { } before) return;
        var listed = Sync.Result(OrphanCollector.ListAsync(_world.Bucket, Lineage));
        meanwhile();
        if (Row is not { } row || row.RebuiltAt > _world.Now - StoreWorld.Grace) return;
        var segments = Segments.At([.. OriginTables]);
        var orphans = _world.Is(PlantedBug.CollectorRacesLateCommit)
            ? Unmarked(listed, before, segments)
            : Sync.Result(OrphanCollector.FindAsync(listed, Bugged(row.Head), row.Claimed, Sync.Result(Auditor.MarkAsync(Bugged(row.Head), segments)), _world.Now, segments));
        foreach (var key in orphans)
            if (Sync.Result(_world.Bucket.DeleteAsync(key))) _world.Happened("an orphan is collected", key);
        if (orphans.Count == 0) return;
        foreach (var volume in _world.Volumes) StoreChecks.Reached(volume);
    }

    private VolumeHead Bugged(VolumeHead head) => _world.Is(PlantedBug.StagedLostByCollector) ? head with { Staging = null } : head;

    private List<string> Unmarked(IReadOnlyList<BlobEntry> listed, VolumeRow row, SegmentCache segments)
    {
        var marks = Sync.Result(Auditor.MarkAsync(row.Head, segments));
        return [.. listed.Select(entry => entry.Key).Where(key => !marks.Blobs.Contains(key) && !key.Contains("/head/", StringComparison.Ordinal))];
    }

    // The snapshots themselves are left to a later change, which may never come.
    private PreparedChange? FreeFirst(VolumeRow row, IReadOnlyList<string> snapshotIds)
    {
        var catalogue = OpenCatalogue(row.Head);
        var gone = snapshotIds.Select(id => Sync.Result(catalogue.FindSnapshotAsync(id))).OfType<SnapshotRecord>().ToList();
        if (gone.Count == 0) return null;
        foreach (var snapshot in gone) Sync.Result(catalogue.RemoveSnapshotAsync(snapshot.SnapshotId));
        var ledger = new SpaceLedger(catalogue, Sync.Result(Holds.LoadAsync(catalogue)), _world.Now, row.Head.Version + 1);
        Sync.Run(ledger.ReleaseAsync(gone.Select(Hold.Of), _world.Limits));
        foreach (var snapshot in gone) Sync.Result(catalogue.PutSnapshotAsync(snapshot));
        Sync.Run(ledger.SettleAsync());
        return new PreparedChange(Sync.Result(catalogue.SealAsync(Sealer, row.Head.Version + 1, _world.Now)));
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
        return Sync.Result(ReclaimChange.FinishAsync(row.Head, catalogue, dropped, [], _world.Now, Segments, Sealer, _world.Limits, CancellationToken.None));
    }

    private void Prepare(
        string what, Func<VolumeRow, PreparedChange?> prepare, Func<VolumeRow, VolumeTruth, VolumeTruth>? meaning = null, Action<VolumeRow>? saved = null,
        Func<VolumeRow, bool>? isWanted = null)
    {
        if (AnyRow() is not { } row) return;
        var change = Try(row, what, () => prepare(row));
        if (change is not null) Prepared.Add(new PreparedWork(what, change, row.Head, _world.Now, meaning ?? ((_, truth) => truth), saved ?? (_ => { })) { IsWanted = isWanted ?? (_ => true) });
        _world.Happened(change is null ? "nothing is prepared" : "prepared", $"{Id}: {what} for v{row.Head.Version}");
    }

    /// <summary>A change of the catalogue by the grain itself; nothing when there is none to make.</summary>
    internal void ChangeCatalogue(string what, Func<VolumeHead, CatalogueUpdate?> prepare, Action saved) => Perform(
        what,
        row => prepare(row.Head) is { } update ? ToDecision(row, HeadMachine.ChangeCatalogue(row.Head, update), row.Truth) : VolumeDecision.Nothing,
        (_, refusal) =>
        {
            if (refusal is null) saved();
        });

    /// <summary>What a worker was given to begin from: new, or as an idle activation remembers it.</summary>
    private VolumeRow? AnyRow() => Activate(_world.Random.Next(2), "work");
}
