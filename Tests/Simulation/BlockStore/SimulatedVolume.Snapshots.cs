using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;

namespace Tidegate.Tests.Simulation.BlockStore;

// Snapshots, pins and clones, sizes.
internal sealed partial class SimulatedVolume
{
    /// <summary>Asks for a snapshot whose barrier an agent will append.</summary>
    internal void RequestSnapshot(string snapshotId, Action<VolumeRow, HeadRefusal?> answer) => Perform(
        $"request of {snapshotId}", row => new VolumeDecision(row with { Pending = row.Pending.Add(snapshotId) }, [], null), answer);

    /// <summary>Makes the head a snapshot at once.</summary>
    internal void TakeSnapshot(string snapshotId) => Perform(
        $"snapshot {snapshotId}",
        row => ToDecision(
            row,
            HeadMachine.Snapshot(row.Head, snapshotId),
            row.Truth with { Snapshots = row.Truth.Snapshots.SetItem(snapshotId, new SnapshotTruth(row.Truth.Tip, row.Head.SizeBytes)) }),
        (_, _) => { });

    /// <summary>Holds a snapshot for a clone; the clone's head is made when this is saved, and not before (I5).</summary>
    internal void Clone(string snapshotId, string cloneId)
    {
        SnapshotRecord? found = null;
        Perform(
            $"pin of {snapshotId} for {cloneId}",
            row =>
            {
                var catalogue = OpenCatalogue(row.Head);
                found = Sync.Result(catalogue.FindSnapshotAsync(snapshotId));
                if (found is null) return VolumeDecision.Nothing;
                Sync.Run(catalogue.PutPinAsync(new PinRecord(cloneId, snapshotId, found.BaseSequence, found.Sequence, found.Image, _world.Now, false)));
                var change = HeadMachine.ChangeCatalogue(row.Head, Sync.Result(catalogue.SealAsync(Sealer, row.Head.Version + 1, _world.Now)));
                return ToDecision(row, change, row.Truth);
            },
            (row, _) =>
            {
                if (found is null) return;
                var point = row.Truth.Snapshots[snapshotId].Point;
                _world.Send($"answer to the pin of {snapshotId} for {cloneId}", () =>
                {
                    // Asked in the meantime whether it exists, the clone has given up.
                    if (_world.AbandonedClones.Contains(cloneId)) return;
                    var clone = new SimulatedVolume(_world, cloneId, this) { Beginning = LogEntry.Begin(0, point.State) };
                    clone.Make(HeadMachine.CreateClone(clone.Lineage, 1, found.Image));
                });
            });
    }

    /// <summary>Saves the first head.</summary>
    internal void Make(VolumeHead head)
    {
        var truth = VolumeTruth.Of(Beginning);
        head = head.WithManifest(Sealer);
        var manifest = ManifestOf(head, truth);
        Sync.Result(_world.Bucket.PutIfAbsentAsync(manifest.Key, manifest.Content));
        if (!_world.Database.TrySave(Id, null, new VolumeRow(0, head, [], truth), false, out var saved)) return;
        _world.Volumes.Add(this);
        FirstImage = head.ToImage();
        _world.Happened(Origin is null ? "made" : Origin.Origin is null ? "cloned" : "cloned from a clone", $"{Id} of {Origin?.Id}, {head.SizeBytes} bytes");
        StoreChecks.Saved(this, saved, saved);
    }

    internal void Resize(long sizeBytes) => Perform(
        $"growth to {sizeBytes}",
        row => HeadMachine.Resize(row.Head, sizeBytes) is { IsRepeat: false } change ? ToDecision(row, change, row.Truth) : VolumeDecision.Nothing,
        (_, _) => { });
}
