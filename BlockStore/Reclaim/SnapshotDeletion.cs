using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Deletes cuts, in any order (<c>docs/formats/reclaim.md</c>, Deletion): one change of the head takes them out of the catalogue and frees
/// what only they needed. What a clone, a lease, the recovery window or another cut needs stays: holds decide, not order.
/// </summary>
public static class SnapshotDeletion
{
    /// <summary>
    /// Prepares the deletion of snapshots; ids that are not there are ignored. Null when there are none: nothing is to be saved. What it frees
    /// beyond the limits is left to <see cref="PendingReleases"/>.
    /// </summary>
    public static async Task<PreparedChange?> PrepareAsync(
        VolumeHead head, IReadOnlyCollection<string> snapshotIds, DateTimeOffset now, SegmentCache segments, LineageSealer sealer,
        ReclaimLimits? limits = null, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var gone = await FindAsync(catalogue, snapshotIds, cancellationToken);
        if (gone.Count == 0) return null;
        foreach (var snapshot in gone) await catalogue.RemoveSnapshotAsync(snapshot.SnapshotId, cancellationToken);
        return await ReclaimChange.FinishAsync(head, catalogue, [.. gone.Select(Dropped.Of)], [], now, segments, sealer, limits ?? ReclaimLimits.Default, cancellationToken);
    }

    /// <summary>What deleting the snapshots together would free; ids that are not there count nothing.</summary>
    public static async Task<ReclaimEstimate> EstimateAsync(
        VolumeHead head, IReadOnlyCollection<string> snapshotIds, SegmentCache segments, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var before = await Holds.LoadAsync(catalogue, cancellationToken);
        var gone = await FindAsync(catalogue, snapshotIds, cancellationToken);
        foreach (var snapshot in gone) await catalogue.RemoveSnapshotAsync(snapshot.SnapshotId, cancellationToken);
        var scan = new ReleaseScan(catalogue, await Holds.LoadAsync(catalogue, cancellationToken));
        var freed = await scan.CountAsync([.. gone.Select(Hold.Of)], before, cancellationToken);
        var subtrees = await catalogue.ListSubtreesAsync(cancellationToken).CountAsync(cancellationToken);
        var releases = await catalogue.ListReleasesAsync(cancellationToken).CountAsync(cancellationToken);
        return new ReclaimEstimate(freed, gone.Count > 0 && subtrees > 0, subtrees + releases);
    }

    private static async Task<IReadOnlyList<SnapshotRecord>> FindAsync(
        CatalogueEdit catalogue, IReadOnlyCollection<string> snapshotIds, CancellationToken cancellationToken)
    {
        var found = new List<SnapshotRecord>();
        foreach (var id in snapshotIds.Distinct())
            if (await catalogue.FindSnapshotAsync(id, cancellationToken) is { } snapshot) found.Add(snapshot);
        return found;
    }
}
