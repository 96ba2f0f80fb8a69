using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>Goes on freeing what dropped holds needed, where the change that dropped them had enough (<c>docs/formats/reclaim.md</c>, Units).</summary>
public static class PendingReleases
{
    /// <summary>Prepares the next unit; null when no release is under way.</summary>
    public static async Task<PreparedChange?> PrepareAsync(
        VolumeHead head, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, ReclaimLimits? limits = null,
        CancellationToken cancellationToken = default)
    {
        limits ??= ReclaimLimits.Default;
        var catalogue = new CatalogueEdit(head, segments);
        var releases = await catalogue.ListReleasesAsync(cancellationToken).Take(limits.Expired).ToListAsync(cancellationToken);
        if (releases.Count == 0) return null;
        foreach (var release in releases) await catalogue.RemoveReleaseAsync(release.Hold, cancellationToken);
        var version = head.Version + 1;
        var ledger = new SpaceLedger(catalogue, await Holds.LoadAsync(catalogue, cancellationToken), now, version);
        await ledger.ReleaseAsync(releases, limits, cancellationToken);
        await ledger.SettleAsync(cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)) { IsPartial = ledger.IsReleaseLeft };
    }
}
