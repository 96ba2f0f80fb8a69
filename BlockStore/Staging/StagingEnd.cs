using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>Frees what a staging branch leaves behind (<c>docs/formats/staging.md</c>, Abandonment): the branch itself when it was given up, and zeroes of branches that are over.</summary>
public static class StagingEnd
{
    /// <summary>Zeroes that one change removes at most.</summary>
    public const int MaxZeroes = 16_384;

    /// <summary>
    /// Prepares the end of an abandoned branch: everything that was staged is condemned, whether a fold counted it or not, and the main image is
    /// as it was. Null when no branch waits for that.
    /// </summary>
    public static async Task<PreparedChange?> PrepareAsync(
        VolumeHead head, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        if (head.Staging is not { IsAbandoned: true } staging) return null;
        var catalogue = new CatalogueEdit(head, segments);
        var version = head.Version + 1;
        var ledger = new SpaceLedger(catalogue, await Holds.LoadAsync(catalogue, cancellationToken), now, version);
        foreach (var life in await StagedLivesAsync(head, catalogue, cancellationToken)) ledger.Lose(life.Segment.Identity, life.LiveBytes);
        foreach (var entry in await TailManifest.LoadAsync(segments, staging.Tail, cancellationToken))
            await ledger.CondemnAsync(entry.Segment.Identity.BlobKey, cancellationToken);
        foreach (var chain in new[] { staging.Tail.Manifest, staging.RetiredTail })
            foreach (var manifest in await TailManifest.LoadChainAsync(segments, chain, cancellationToken))
                await ledger.CondemnAsync(manifest.Identity.BlobKey, cancellationToken);
        await catalogue.TakeStagedDeathsAsync(cancellationToken);
        await ledger.SettleAsync(cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)) { DropsStaging = true };
    }

    /// <summary>Prepares the removal of zeroes that no branch needs any more, some of them; null when there are none.</summary>
    public static async Task<PreparedChange?> PrepareZeroesAsync(
        VolumeHead head, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, int most = MaxZeroes, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var current = head.Staging is { IsAbandoned: false } staging ? staging.FirstEpoch : (long?)null;
        return await catalogue.RemoveStaleZeroesAsync(current, most, cancellationToken) == 0
            ? null
            : new PreparedChange(await catalogue.SealAsync(sealer, head.Version + 1, now, cancellationToken));
    }

    // Log segments above the main tip, fills of this branch, and map segments that are named after the birth of all that is staged.
    private static async Task<IReadOnlyList<SegmentLife>> StagedLivesAsync(VolumeHead head, CatalogueEdit catalogue, CancellationToken cancellationToken) =>
    [
        .. await catalogue.ListLivesAsync(SegmentKind.Data, head.CommittedSequence + 1, cancellationToken).ToListAsync(cancellationToken),
        .. await catalogue.ListLivesAsync(SegmentKind.Map, head.CommittedSequence + 1, cancellationToken).ToListAsync(cancellationToken),
        .. await catalogue.ListLivesAsync(SegmentKind.Fill, head.FillsEver + 1, cancellationToken).ToListAsync(cancellationToken),
    ];
}
