using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Staging;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Everything that gives a volume's space back, a bounded unit at a time until nothing is due: the end of a deleted volume's image, releases
/// that are under way, pins, leases and the recovery window, dead subtrees, condemned blobs.
/// </summary>
internal sealed partial class ReclaimWork(IGrainFactory grains, ReclaimSettings settings, ILogger log) : IVolumeWork
{
    // A clone answers for itself before that; longer ago, an unconfirmed pin is asked about.
    private static readonly TimeSpan PinPatience = VolumeMachine.Patience * 2;

    private bool _hasAsked;
    private Tombstone? _sweptThrough;
    private Tombstone? _sweeping;

    /// <inheritdoc />
    public string Kind => "reclaim";

    /// <inheritdoc />
    public bool GoesOn => true;

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var prepared = await NextAsync(context, cancellationToken);
        return prepared is null ? null : await context.StoreAsync(prepared, cancellationToken);
    }

    // A sweep that was not saved is done again from where it began.
    /// <inheritdoc />
    public void Saved() => _sweptThrough = _sweeping;

    private async Task<PreparedChange?> NextAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var (head, segments, sealer, now) = (context.Head, context.Segments, context.Sealer, context.Terms.Now);
        if (context.IsDeleted && head.Tail.Count == 0 && head.Staging is null && await VolumeRetirement.IsDueAsync(head, segments, cancellationToken))
            return await VolumeRetirement.PrepareAsync(head, now, segments, sealer, cancellationToken: cancellationToken);
        if (await PendingReleases.PrepareAsync(head, now, segments, sealer, cancellationToken: cancellationToken) is { } released) return released;
        if (await KeepHouseAsync(context, cancellationToken) is { } kept) return kept;
        if (await SubtreeExpansion.PrepareAsync(head, now, segments, sealer, cancellationToken: cancellationToken) is { } expanded) return expanded;
        if (await StagingEnd.PrepareZeroesAsync(head, now, segments, sealer, cancellationToken: cancellationToken) is { } forgotten) return forgotten;
        // Backups of the time before a rebuild may name what the rebuilt head condemned long ago.
        if (context.RebuiltAt > now - settings.Grace) return null;
        var sweep = await TombstoneSweep.RunAsync(head, settings.Grace, now, context.Blobs, segments, sealer, _sweptThrough, cancellationToken);
        _sweeping = sweep.Through;
        foreach (var key in sweep.Kept) LogStillReferred(log, context.VolumeId, key);
        if (sweep.Failed.Count > 0) LogNotDeleted(log, sweep.Failed[0].Failure, sweep.Failed.Count, context.VolumeId, sweep.Failed[0].BlobKey);
        if (sweep.Change is not null || !context.IsDeleted || !await VolumeRetirement.IsDrainedAsync(head, segments, cancellationToken)) return sweep.Change;
        await grains.GetGrain<IVolumeWorkGrain>(context.VolumeId).Drained();
        return await VolumeRetirement.PrepareEndAsync(head, segments, cancellationToken);
    }

    private async Task<PreparedChange?> KeepHouseAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var (gone, confirmed) = (new List<string>(), new List<string>());
        if (!_hasAsked)
        {
            _hasAsked = true;
            var catalogue = new CatalogueEdit(context.Head, context.Segments);
            await foreach (var pin in catalogue.ListPinsAsync(cancellationToken))
            {
                if (pin.IsConfirmed || pin.CreatedAt > context.Terms.Now - PinPatience) continue;
                var standing = await grains.GetGrain<IVolumeLineage>(pin.CloneVolumeId).GetCloneStanding();
                if (standing == CloneStanding.Gone) gone.Add(pin.CloneVolumeId);
                else if (standing == CloneStanding.Exists) confirmed.Add(pin.CloneVolumeId);
            }
        }

        return await Housekeeping.PrepareAsync(
            context.Head, context.Terms, gone, confirmed, context.Segments, context.Sealer, cancellationToken);
    }

    [LoggerMessage(136, LogLevel.Warning, "{Count} condemned blobs of volume {Volume} could not be deleted, among them {BlobKey}; they are tried again")]
    private static partial void LogNotDeleted(ILogger log, Exception failure, int count, string volume, string blobKey);
    [LoggerMessage(133, LogLevel.Error, "Blob {BlobKey} of volume {Volume} is condemned and still referred to; it stays. Verify the volume with 'tidegate store verify'.")]
    private static partial void LogStillReferred(ILogger log, string volume, string blobKey);
}
