using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes;

namespace Tidegate.Grains.Snapshots;

/// <summary>See <see cref="ISnapshotGrain"/>. Progress of one under way is asked of its volume, not saved.</summary>
[GrainType("snapshot")]
internal sealed class SnapshotGrain([PersistentState("snapshot", "state")] IPersistentState<SavedSnapshot> storage, AggregateServices services)
    : AggregateGrain<SavedSnapshot>(storage, services), ISnapshotGrain
{
    /// <inheritdoc />
    public Task Record(SnapshotDescription description) => ChangeAsync((state, _) => SnapshotMachine.Record(state, description));

    /// <inheritdoc />
    public async Task<SnapshotDescription> Describe()
    {
        var known = State.Description ?? throw Authorisation.NotFound($"Snapshot {Key}");
        Authorisation.RequireAccount(known.AccountId, $"Snapshot {Key}");
        if (known.State is SnapshotState.Completed or SnapshotState.Failed) return known;
        return await GrainFactory.GetGrain<IVolumeSnapshots>(known.VolumeId).DescribeSnapshot(Key) ?? State.Description ?? known;
    }

    /// <inheritdoc />
    protected override string OwnerOf(SavedSnapshot state) => state.Description?.AccountId ?? "";

    /// <inheritdoc />
    protected override object? RowOf(SavedSnapshot state) => state.Description is not { } known
        ? null
        : new
        {
            type = "snapshot",
            id = Key,
            known.AccountId,
            known.VolumeId,
            known.Description,
            known.State,
            known.Progress,
            known.RequestedAt,
            known.PointAt,
            known.SizeBytes,
            known.Sequence,
            known.FailureReason,
        };
}
