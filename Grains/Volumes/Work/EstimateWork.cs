using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>Counts what deleting snapshots together would free; changes nothing.</summary>
internal sealed class EstimateWork(IReadOnlyCollection<string> snapshotIds) : IVolumeWork
{
    private readonly Guid _id = Guid.NewGuid();

    /// <summary>The answer, once the work has ended.</summary>
    public ReclaimEstimate? Estimate { get; private set; }

    /// <inheritdoc />
    public string Kind => $"estimate {_id}";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        Estimate = await SnapshotDeletion.EstimateAsync(context.Head, snapshotIds, context.Segments, cancellationToken);
        return null;
    }
}
