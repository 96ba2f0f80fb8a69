using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Holds a recovery point beyond the window (<c>docs/formats/reclaim.md</c>, Recovery window): as a snapshot, or as the pin of a clone. The point
/// is looked up in the very catalogue that the change is made of, and any change of that in between makes the preparation void: a point
/// is held while it can be read, or not at all (I5).
/// </summary>
public static class PointRetention
{
    /// <summary>Prepares a snapshot of a point; null when the point is not held. One that exists there stays as it is.</summary>
    /// <exception cref="ArgumentException">The snapshot exists at another sequence (I4).</exception>
    public static async Task<PreparedChange?> SnapshotAsync(
        VolumeHead head, long sequence, string snapshotId, DateTimeOffset now, SegmentCache segments, LineageSealer sealer,
        CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        if (await catalogue.FindSnapshotAsync(snapshotId, cancellationToken) is { } known)
        {
            // A fold may have given it a root of its own, which is counted as held: it is not put back to the point's base.
            return known.Sequence == sequence
                ? await FinishAsync(head, catalogue, (known, []), now, sealer, cancellationToken)
                : throw new ArgumentException($"Snapshot {snapshotId} exists at another point than {sequence}.", nameof(snapshotId));
        }
        if (await RecoveryPoints.FindAsync(head, catalogue, sequence, snapshotId, segments, sealer, cancellationToken) is not { } point) return null;
        await catalogue.PutSnapshotAsync(point.Cut, cancellationToken);
        return await FinishAsync(head, catalogue, point, now, sealer, cancellationToken);
    }

    /// <summary>Prepares the pin of a clone that is to begin as a point was; null when the point is not held. The clone must have no pin yet.</summary>
    public static async Task<PreparedChange?> PinAsync(
        VolumeHead head, long sequence, string cloneVolumeId, DateTimeOffset now, SegmentCache segments, LineageSealer sealer,
        CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var found = await RecoveryPoints.FindAsync(head, catalogue, sequence, RecoveryPoints.KeptId(sequence), segments, sealer, cancellationToken);
        if (found is not { } point) return null;
        var cut = point.Cut;
        await catalogue.PutPinAsync(new PinRecord(cloneVolumeId, cut.SnapshotId, cut.BaseSequence, cut.Sequence, cut.Image, now, false), cancellationToken);
        return await FinishAsync(head, catalogue, point, now, sealer, cancellationToken);
    }

    /// <summary>Prepares the renewal of a clone's pin that nobody has confirmed, so that a release of it which is prepared meanwhile loses.</summary>
    public static async Task<PreparedChange> RenewPinAsync(
        VolumeHead head, PinRecord pin, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        await catalogue.PutPinAsync(pin with { CreatedAt = now }, cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, head.Version + 1, now, cancellationToken));
    }

    private static async Task<PreparedChange> FinishAsync(
        VolumeHead head, CatalogueEdit catalogue, (SnapshotRecord Cut, IReadOnlyList<BlobEffect> Blobs) point, DateTimeOffset now, LineageSealer sealer,
        CancellationToken cancellationToken)
    {
        var update = await catalogue.SealAsync(sealer, head.Version + 1, now, cancellationToken);
        return new PreparedChange(update with { Blobs = [.. point.Blobs, .. update.Blobs] }) { Point = point.Cut };
    }
}
