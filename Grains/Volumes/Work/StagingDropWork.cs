using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Staging;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>Frees what an abandoned staging branch leaves behind, and takes it out of the head.</summary>
internal sealed class StagingDropWork : IVolumeWork
{
    /// <inheritdoc />
    public string Kind => "end of a staging branch";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var prepared = await StagingEnd.PrepareAsync(context.Head, context.Terms.Now, context.Segments, context.Sealer, cancellationToken);
        return prepared is null ? null : await context.StoreAsync(prepared, cancellationToken);
    }

    /// <inheritdoc />
    public Change<VolumeState, VolumeState> Apply(VolumeState state, DateTimeOffset now) => Change.To(state, new DomainEvent("volume.staging-freed"));
}
