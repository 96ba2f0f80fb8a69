using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Makes a snapshot of a recovery point. The point is looked up anew whenever the change is prepared anew: what has left the window by then is
/// refused, and what was found is held by the save or the save is not made (I5).
/// </summary>
internal sealed class PointSnapshotWork(string snapshotId, RecoveryPointSelector point) : IVolumeWork
{
    private SnapshotRecord? _cut;

    /// <inheritdoc />
    public string Kind => $"snapshot {snapshotId}";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var found = await PointLookup.FindAsync(context, point, cancellationToken);
        var prepared = await PointRetention.SnapshotAsync(
            context.Head, found.Sequence, snapshotId, context.Terms.Now, context.Segments, context.Sealer, cancellationToken);
        _cut = prepared!.Point;
        return await context.StoreAsync(prepared, cancellationToken);
    }

    /// <inheritdoc />
    public Change<VolumeState, VolumeState> Apply(VolumeState state, DateTimeOffset now) => VolumeMachine.PointTaken(state, _cut!);
}
