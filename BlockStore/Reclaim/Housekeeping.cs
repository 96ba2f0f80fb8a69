using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// What time alone does to a volume (<c>docs/formats/reclaim.md</c>): its recovery window moves on, points that were kept long enough go,
/// leases run out; and what the caller found out about pins. One bounded change; ask again until nothing is due.
/// </summary>
public static class Housekeeping
{
    /// <summary>Prepares what is due; null when nothing is.</summary>
    /// <param name="head">The saved head.</param>
    /// <param name="terms">The service's time and the volume's retention.</param>
    /// <param name="releasedPins">Clones that are known to hold nothing any more.</param>
    /// <param name="confirmedPins">Clones that are known to exist.</param>
    /// <param name="segments">Reads the catalogue.</param>
    /// <param name="sealer">Seals for the lineage.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<PreparedChange?> PrepareAsync(
        VolumeHead head, ReclaimTerms terms, IReadOnlyCollection<string> releasedPins, IReadOnlyCollection<string> confirmedPins,
        SegmentCache segments, LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var (advanced, blobs) = await RecoveryPoints.AdvanceAsync(
            head, catalogue, terms.Retention, terms.Now, segments, sealer, terms.Limits, cancellationToken);
        var dropped = advanced.ToList();
        var expired = await catalogue.ListLeasesAsync(cancellationToken).Where(lease => lease.ExpiresAt <= terms.Now)
            .Take(terms.Limits.Expired).ToArrayAsync(cancellationToken);
        foreach (var lease in expired)
        {
            await catalogue.RemoveLeaseAsync(lease.LeaseId, cancellationToken);
            dropped.Add(Dropped.Of(lease));
        }
        foreach (var clone in releasedPins)
        {
            if (await catalogue.FindPinAsync(clone, cancellationToken) is not { } pin) continue;
            await catalogue.RemovePinAsync(clone, cancellationToken);
            dropped.Add(Dropped.Of(pin));
        }
        var confirms = false;
        foreach (var clone in confirmedPins)
        {
            if (await catalogue.FindPinAsync(clone, cancellationToken) is not { IsConfirmed: false } pin) continue;
            await catalogue.PutPinAsync(pin with { IsConfirmed = true }, cancellationToken);
            confirms = true;
        }
        if (dropped.Count == 0 && !confirms) return null;
        var change = await ReclaimChange.FinishAsync(head, catalogue, dropped, blobs, terms.Now, segments, sealer, terms.Limits, cancellationToken);
        return change with { Catalogue = change.Catalogue with { Blobs = [.. blobs, .. change.Catalogue.Blobs] } };
    }
}
