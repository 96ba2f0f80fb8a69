using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Releases a clone's pin when the clone says that it needs it no more. Asks again whenever the change is prepared again, so that a clone
/// which is being made anew, and has renewed its pin, keeps it (I5).
/// </summary>
internal sealed class PinReleaseWork(IGrainFactory grains, string cloneVolumeId) : IVolumeWork
{
    /// <inheritdoc />
    public string Kind => $"pin of {cloneVolumeId}";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        if (await grains.GetGrain<IVolumeLineage>(cloneVolumeId).GetCloneStanding() != CloneStanding.Gone) return null;
        var prepared = await Housekeeping.PrepareAsync(
            context.Head, context.Terms, [cloneVolumeId], [], context.Segments, context.Sealer, cancellationToken);
        return prepared is null ? null : await context.StoreAsync(prepared, cancellationToken);
    }
}
