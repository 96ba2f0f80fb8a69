using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// What the deletion of a volume means for its space (<c>docs/formats/reclaim.md</c>, Deletion of a volume): the head's root dies as one
/// subtree, the recovery window ends, and what no snapshot, clone or lease holds is freed as everything else is.
/// </summary>
public static class VolumeRetirement
{
    /// <summary>Most blobs that the last change leaves to be deleted by name.</summary>
    public const int MaxRemnants = 64;

    /// <summary>True when there is still a root or a window to take away. The tail must be folded first, and nothing may be staged.</summary>
    public static async ValueTask<bool> IsDueAsync(VolumeHead head, SegmentCache segments, CancellationToken cancellationToken = default) =>
        head.Root is not null || await new CatalogueEdit(head, segments).GetWindowAsync(cancellationToken) is not null;

    /// <summary>True when a deleted volume holds nothing any more, of its own or of its origin: no frame, subtree, snapshot, pin or lease.</summary>
    public static async Task<bool> IsDrainedAsync(VolumeHead head, SegmentCache segments, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        return head.Root is null && head.Tail.Count == 0 && head.Staging is null
            && !await catalogue.ListLivesAsync(cancellationToken).AnyAsync(life => life.Segment.Identity.Kind != SegmentKind.Relocation, cancellationToken)
            && !await catalogue.ListSubtreesAsync(cancellationToken).AnyAsync(cancellationToken)
            && !await catalogue.ListReleasesAsync(cancellationToken).AnyAsync(cancellationToken)
            && !await catalogue.ListSnapshotsAsync(cancellationToken).AnyAsync(cancellationToken)
            && !await catalogue.ListPinsAsync(cancellationToken).AnyAsync(cancellationToken)
            && !await catalogue.ListLeasesAsync(cancellationToken).AnyAsync(cancellationToken);
    }

    /// <summary>
    /// Prepares a unit of the end of a deleted volume's live image: what thinning kept goes and the recovery window is shortened, within
    /// limits, and last what is left of it and the root.
    /// </summary>
    public static async Task<PreparedChange> PrepareAsync(
        VolumeHead head, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, ReclaimLimits? limits = null,
        CancellationToken cancellationToken = default)
    {
        limits ??= ReclaimLimits.Default;
        var catalogue = new CatalogueEdit(head, segments);
        var (gone, blobs) = await RecoveryPoints.AdvanceAsync(head, catalogue, Retention.None, now, segments, sealer, limits, cancellationToken);
        if (gone.Count > 0)
        {
            var shorter = await ReclaimChange.FinishAsync(head, catalogue, gone, blobs, now, segments, sealer, limits, cancellationToken);
            return shorter with { Catalogue = shorter.Catalogue with { Blobs = [.. blobs, .. shorter.Catalogue.Blobs] } };
        }
        var dropped = new List<Dropped> { new(default, head.RetiredTail) };
        if (await catalogue.GetWindowAsync(cancellationToken) is { } window)
        {
            dropped.Add(new Dropped(new Hold(window.FromSequence, long.MaxValue), null));
            await catalogue.RemoveWindowAsync(cancellationToken);
            foreach (var point in await catalogue.ListPointsAsync(-1, cancellationToken).ToArrayAsync(cancellationToken))
                await catalogue.RemovePointAsync(point.Segment.Identity.Sequence, cancellationToken);
            foreach (var known in await catalogue.ListBasesAsync(cancellationToken).ToArrayAsync(cancellationToken))
                await catalogue.RemoveBaseAsync(known.Sequence, cancellationToken);
        }
        if (head.Root is { } root && root.Page.Segment.Identity.Owner == head.Lineage)
            await catalogue.PutSubtreeAsync(new DeadSubtree(head.CommittedSequence + 1, root.Level, 0, root.Page), cancellationToken);
        var change = await ReclaimChange.FinishAsync(head with { RetiredTail = null }, catalogue, dropped, [], now, segments, sealer, limits, cancellationToken);
        return change with { DropsRoot = true };
    }

    /// <summary>
    /// Prepares the last change of a drained volume: the head lets go of the catalogue. Null while the catalogue still has anything to say
    /// but its own pages and a few tombstones of them. <see cref="PreparedChange.Remnants"/> are the blobs that are left; whoever saves the
    /// head keeps their names and deletes them when their grace is over.
    /// </summary>
    public static async Task<PreparedChange?> PrepareEndAsync(VolumeHead head, SegmentCache segments, CancellationToken cancellationToken = default)
    {
        if (head.Catalogue is null || head.Relocation is not null || !await IsDrainedAsync(head, segments, cancellationToken)) return null;
        var catalogue = new CatalogueEdit(head, segments);
        if (await catalogue.ListLivesAsync(cancellationToken).AnyAsync(cancellationToken)) return null;
        var remnants = await catalogue.ListTombstonesAsync(cancellationToken: cancellationToken).Select(tombstone => tombstone.BlobKey)
            .Take(MaxRemnants + 1).ToListAsync(cancellationToken);
        remnants.AddRange(await catalogue.ListPageSegmentsAsync(cancellationToken).Select(part => part.Segment.BlobKey).ToListAsync(cancellationToken));
        remnants.AddRange(head.OldManifests.Select(manifest => manifest.BlobKey));
        if (head.Manifest is not null) remnants.Add(head.Manifest.BlobKey);
        return remnants.Count > MaxRemnants ? null : new PreparedChange(new CatalogueUpdate(head.Catalogue, null, [])) { Remnants = remnants };
    }
}
