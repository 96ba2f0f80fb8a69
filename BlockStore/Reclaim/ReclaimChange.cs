using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>What every change that lets something go ends with: what only that needed is freed, and the catalogue is sealed.</summary>
internal static class ReclaimChange
{
    public static async Task<PreparedChange> FinishAsync(
        VolumeHead head, CatalogueEdit catalogue, IReadOnlyCollection<Dropped> dropped, IReadOnlyCollection<BlobEffect> unstored, DateTimeOffset now,
        SegmentCache segments, LineageSealer sealer, ReclaimLimits limits, CancellationToken cancellationToken)
    {
        var version = head.Version + 1;
        var ledger = new SpaceLedger(catalogue, await Holds.LoadAsync(catalogue, cancellationToken), now, version);
        await ledger.ReleaseAsync(dropped.Select(image => image.Hold), limits, cancellationToken);
        await TailChains.ReleaseAsync(head, head.RetiredTail, catalogue, ledger, dropped.Select(image => image.Tail), unstored, segments, cancellationToken);
        await ledger.SettleAsync(cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)) { IsPartial = ledger.IsReleaseLeft };
    }
}
