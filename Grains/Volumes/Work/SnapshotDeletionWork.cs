using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>Takes one snapshot out of a volume's catalogue and frees what only it held.</summary>
internal sealed class SnapshotDeletionWork(string snapshotId) : IVolumeWork
{
    /// <inheritdoc />
    public string Kind => $"deletion of {snapshotId}";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var prepared = await SnapshotDeletion.PrepareAsync(
            context.Head, [snapshotId], context.Terms.Now, context.Segments, context.Sealer, cancellationToken: cancellationToken);
        return prepared is null ? null : await context.StoreAsync(prepared, cancellationToken);
    }
}
