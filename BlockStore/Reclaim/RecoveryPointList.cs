using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// The recovery points of a volume in order (<c>docs/formats/reclaim.md</c>, Recovery window): what thinning kept, the window, the tail. Points are
/// found by seeking in the catalogue, so that neither a page of the list nor a search costs what the whole list would.
/// </summary>
public static class RecoveryPointList
{
    /// <summary>The points after a sequence, oldest first.</summary>
    public static async IAsyncEnumerable<RecoveryPoint> ListAsync(
        VolumeHead head, CatalogueEdit catalogue, long after, SegmentCache segments,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var window = await catalogue.GetWindowAsync(cancellationToken);
        if (window is null || after < window.FromSequence - 1)
        {
            await foreach (var kept in catalogue.ListSnapshotsAsync(RecoveryPoints.KeptPrefix, RecoveryPoints.KeptId(after + 1), cancellationToken))
                yield return new RecoveryPoint(kept.Sequence, kept.CommittedAt, kept.HostTime, true);
        }
        if (window is not null && after < head.BaseSequence)
        {
            await foreach (var entry in catalogue.ListPointsAsync(Math.Max(after, window.FromSequence - 1), cancellationToken))
                yield return Of(entry);
        }
        foreach (var entry in await TailManifest.LoadAsync(segments, head.Tail, cancellationToken))
            if (entry.Segment.Identity.Owner == head.Lineage && entry.Segment.Identity.Sequence > after) yield return Of(entry);
    }

    /// <summary>The newest point at or before a time, by the service's clock at its commit; null when none is so old.</summary>
    public static Task<RecoveryPoint?> FindAsync(
        VolumeHead head, CatalogueEdit catalogue, DateTimeOffset time, SegmentCache segments, CancellationToken cancellationToken = default) =>
        LastAsync(head, catalogue, point => point.CommittedAt <= time, segments, cancellationToken);

    /// <summary>The newest point before a sequence; null when there is none.</summary>
    public static Task<RecoveryPoint?> FindBeforeAsync(
        VolumeHead head, CatalogueEdit catalogue, long sequence, SegmentCache segments, CancellationToken cancellationToken = default) =>
        LastAsync(head, catalogue, point => point.Sequence < sequence, segments, cancellationToken);

    /// <summary>The oldest point at or after a sequence; null when there is none.</summary>
    public static ValueTask<RecoveryPoint?> FindFromAsync(
        VolumeHead head, CatalogueEdit catalogue, long sequence, SegmentCache segments, CancellationToken cancellationToken = default) =>
        ListAsync(head, catalogue, sequence - 1, segments, cancellationToken).FirstOrDefaultAsync(cancellationToken);

    // Commit times never fall from one sequence to the next (docs/formats/head.md, Rules).
    private static async Task<RecoveryPoint?> LastAsync(
        VolumeHead head, CatalogueEdit catalogue, Func<RecoveryPoint, bool> isEarly, SegmentCache segments, CancellationToken cancellationToken)
    {
        RecoveryPoint? last = null;
        var (low, high) = (0L, head.CommittedSequence);
        while (low <= high)
        {
            var middle = low + ((high - low) / 2);
            var point = await FindFromAsync(head, catalogue, middle, segments, cancellationToken);
            if (point is not null && isEarly(point)) (last, low) = (point, point.Sequence + 1);
            else high = middle - 1;
        }
        return last;
    }

    private static RecoveryPoint Of(TailEntry entry) => new(entry.Segment.Identity.Sequence, entry.CommittedAt, entry.HostTime, false);
}
