using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

// Recovery points: found by a worker in some head's catalogue, held as a snapshot or for a clone by the save that it prepares.
internal sealed partial class SimulatedVolume
{
    /// <summary>Prepares a snapshot of some recovery point.</summary>
    internal void PrepareSnapshotOfPoint(string snapshotId)
    {
        var point = LogEntry.Begin(0, []);
        var cut = (SnapshotRecord?)null;
        Prepare(
            $"snapshot {snapshotId} of a point",
            row =>
            {
                if (AnyPoint(row) is not { } found) return null;
                var change = Sync.Result(PointRetention.SnapshotAsync(row.Head, found.Sequence, snapshotId, _world.Now, Segments, Sealer))
                    ?? throw new Violation($"{Id}: the recovery point {found.Sequence} is listed, and is not found");
                _world.Happened(found.IsKept ? "a thinned point is to be kept" : "a point of the window is to be kept", $"{Id}: {found.Sequence} as {snapshotId}");
                (cut, point) = (change.Point, row.Truth.PointAt(found.Sequence));
                return change;
            },
            (_, truth) => truth with { Snapshots = truth.Snapshots.SetItem(snapshotId, new SnapshotTruth(point, cut!.Image.SizeBytes) { IsOfPoint = true }) });
    }

    /// <summary>Prepares the pin of some recovery point for a clone, which is made when the pin is saved, and not before (I5).</summary>
    internal void PreparePinOfPoint(string cloneId)
    {
        var point = LogEntry.Begin(0, []);
        Prepare(
            $"pin of a point for {cloneId}",
            row =>
            {
                if (AnyPoint(row) is not { } found) return null;
                point = row.Truth.PointAt(found.Sequence);
                return Sync.Result(PointRetention.PinAsync(row.Head, found.Sequence, cloneId, _world.Now, Segments, Sealer))
                    ?? throw new Violation($"{Id}: the recovery point {found.Sequence} is listed, and is not found");
            },
            saved: row =>
            {
                if (Try(row, "a pin of a point", () => Sync.Result(OpenCatalogue(row.Head).FindPinAsync(cloneId))) is not { } pin) return;
                _world.Send($"answer to the pin of a point for {cloneId}", () =>
                {
                    if (_world.AbandonedClones.Contains(cloneId)) return;
                    _world.Happened("cloned from a point", $"{cloneId} of {Id} at {pin.Sequence}");
                    var clone = new SimulatedVolume(_world, cloneId, this) { Beginning = LogEntry.Begin(0, point.State) };
                    clone.Make(HeadMachine.CreateClone(clone.Lineage, 1, pin.Image));
                });
            });
    }

    /// <summary>Some point, found by its time: the product's search against the whole list.</summary>
    private RecoveryPoint? AnyPoint(VolumeRow row)
    {
        var points = Sync.ToList(RecoveryPointList.ListAsync(row.Head, OpenCatalogue(row.Head), 0, Segments));
        if (points.Count == 0) return null;
        if (points.Zip(points.Skip(1)).Any(pair => pair.First.Sequence >= pair.Second.Sequence)) throw new Violation($"{Id}: the recovery points are not in order");
        // Thinned ones are few.
        var thinned = points.FindAll(point => point.IsKept);
        var from = thinned.Count > 0 && _world.Chance(0.9) ? thinned : points;
        var any = from[_world.Random.Next(from.Count)];
        var found = Sync.Result(RecoveryPointList.FindAsync(row.Head, OpenCatalogue(row.Head), any.CommittedAt, Segments));
        var expected = points.Last(point => point.CommittedAt <= any.CommittedAt);
        return found == expected ? any : throw new Violation($"{Id}: the recovery point at {any.CommittedAt:O} is {expected.Sequence}, and {found?.Sequence} is found");
    }
}
