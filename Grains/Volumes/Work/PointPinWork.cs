using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Pins a recovery point for a clone, as <see cref="PointSnapshotWork"/> keeps one. A pin that the clone has from an attempt before stays on its
/// point, and is renewed while nobody has confirmed it.
/// </summary>
internal sealed class PointPinWork(string volumeId, string cloneVolumeId, RecoveryPointSelector point) : IVolumeWork
{
    /// <summary>The point that is pinned, once the work has ended.</summary>
    public RestoredPoint? Point { get; private set; }

    /// <inheritdoc />
    public string Kind => $"pin for {cloneVolumeId}";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var (head, segments, now) = (context.Head, context.Segments, context.Terms.Now);
        var catalogue = new CatalogueEdit(head, segments);
        PreparedChange? prepared;
        if (await catalogue.FindPinAsync(cloneVolumeId, cancellationToken) is { } pin)
        {
            var pinned = await RecoveryPointList.FindFromAsync(head, catalogue, pin.Sequence, segments, cancellationToken);
            Point = new RestoredPoint(volumeId, pin.Sequence, pinned?.Sequence == pin.Sequence ? pinned.CommittedAt : null);
            if (pin.IsConfirmed) return null;
            prepared = await PointRetention.RenewPinAsync(head, pin, now, segments, context.Sealer, cancellationToken);
        }
        else
        {
            var found = await PointLookup.FindAsync(context, point, cancellationToken);
            Point = new RestoredPoint(volumeId, found.Sequence, found.CommittedAt);
            prepared = await PointRetention.PinAsync(head, found.Sequence, cloneVolumeId, now, segments, context.Sealer, cancellationToken);
        }

        return await context.StoreAsync(prepared!, cancellationToken);
    }

    /// <inheritdoc />
    public Change<VolumeState, VolumeState> Apply(VolumeState state, DateTimeOffset now) => VolumeMachine.PointPinned(state, cloneVolumeId, Point!);
}
