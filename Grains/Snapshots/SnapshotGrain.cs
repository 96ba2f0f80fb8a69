using Tidegate.BlockStore;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes;

namespace Tidegate.Grains.Snapshots;

/// <summary>See <see cref="ISnapshotGrain"/>. Progress of one under way is asked of its volume, not saved.</summary>
[GrainType("snapshot")]
internal sealed class SnapshotGrain(
    [PersistentState("snapshot", "state")] IPersistentState<SavedSnapshot> storage, AggregateServices services, VolumeServices host)
    : AggregateGrain<SavedSnapshot>(storage, services), ISnapshotGrain, IErasedSnapshot, ISnapshotId
{
    private const int MaxChangedBlocks = 10_000;

    /// <inheritdoc />
    public Task Record(SnapshotDescription description) => ChangeAsync((state, _) => SnapshotMachine.Record(state, description));

    /// <inheritdoc />
    public async Task<SnapshotDescription> Describe()
    {
        var known = State is { Description: { } description } && (State.DeletedAt is null || State.IsErased) ? description : throw Authorisation.NotFound($"Snapshot {Key}");
        Authorisation.Require(Roles.Readers, known.AccountId, $"Snapshot {Key}", known.VolumeId);
        if (State.IsErased)
            throw new TidegateException(ErrorCodes.NotFound, $"Snapshot {Key} was erased with volume {known.VolumeId}: its keys are destroyed.", "Use a snapshot of another volume.");
        if (known.State is SnapshotState.Completed or SnapshotState.Failed) return known;
        return await GrainFactory.GetGrain<IVolumeSnapshots>(known.VolumeId).DescribeSnapshot(Key) ?? State.Description ?? known;
    }

    /// <inheritdoc />
    public async Task Delete()
    {
        if (State is { DeletedAt: not null, Description: { } gone })
        {
            Authorisation.Require(Roles.Admins, gone.AccountId, $"Snapshot {Key}", gone.VolumeId);
            return;
        }

        var known = await Describe();
        // The volume first: a snapshot whose grain still knows it can be deleted again.
        await GrainFactory.GetGrain<IVolumeSnapshots>(known.VolumeId).DeleteSnapshot(Key);
        await ChangeAsync(SnapshotMachine.Delete);
    }

    /// <inheritdoc />
    public Task<SnapshotDescription?> FindFor(string volumeId) => Task.FromResult(SnapshotMachine.FindFor(State, Key, volumeId));

    /// <inheritdoc />
    public Task Erased() => ChangeAsync(SnapshotMachine.Erase);

    /// <inheritdoc />
    public async Task<ChangedBlocks> ListChangedBlocks(string sinceSnapshotId, long fromBlock, int maxBlocks)
    {
        if (maxBlocks is < 1 or > MaxChangedBlocks) throw Arguments.Invalid($"A page holds 1 to {MaxChangedBlocks} blocks, not {maxBlocks}.");
        if (fromBlock is < 0 or > BlockGeometry.MaxVolumeBytes / BlockGeometry.BlockBytes) throw Arguments.Invalid($"There is no block {fromBlock}.");
        if (sinceSnapshotId.Length > 0 && !ResourceId.IsValid(ResourceKind.Snapshot, sinceSnapshotId)) throw Authorisation.NotFound($"Snapshot {sinceSnapshotId}");
        var after = await OpenAsync(await Describe());
        var before = sinceSnapshotId.Length == 0 ? null : await OpenAsync(await GrainFactory.GetGrain<ISnapshotGrain>(sinceSnapshotId).Describe());
        return await Task.Run(() => SnapshotDiff.CompareAsync(host, before, after, fromBlock, maxBlocks));
    }

    /// <inheritdoc />
    public async Task<SnapshotLease> Lease(string leaseId)
    {
        if (leaseId.Length is < 8 or > 64 || leaseId.Any(letter => letter is not (>= 'a' and <= 'z' or >= '0' and <= '9' or '-')))
            throw Arguments.Invalid("A lease's id is 8 to 64 of a-z, 0-9 and '-'.");
        var leased = await GrainFactory.GetGrain<IVolumeSnapshots>(LeasedVolumeId()).LeaseSnapshot(Key, leaseId);
        return new SnapshotLease(leaseId, leased.ExpiresAt);
    }

    /// <inheritdoc />
    public Task EndLease(string leaseId) => GrainFactory.GetGrain<IVolumeSnapshots>(LeasedVolumeId()).EndLease(leaseId);

    // A reader goes on when its snapshot is deleted, so that this does not matter here.
    private string LeasedVolumeId()
    {
        if (State.Description is not { } known) throw Authorisation.NotFound($"Snapshot {Key}");
        Authorisation.Require(Roles.Readers, known.AccountId, $"Snapshot {Key}", known.VolumeId);
        return known.VolumeId;
    }

    private Task<StoredImage> OpenAsync(SnapshotDescription snapshot) => snapshot.State == SnapshotState.Completed
        ? GrainFactory.GetGrain<IVolumeSnapshots>(snapshot.VolumeId).OpenImage(snapshot.SnapshotId)
        : throw new TidegateException(ErrorCodes.InvalidState, $"Snapshot {snapshot.SnapshotId} is not complete.", "Wait until it is complete, then try again.");

    /// <inheritdoc />
    protected override string OwnerOf(SavedSnapshot state) => state.Description?.AccountId ?? "";

    /// <inheritdoc />
    protected override object? RowOf(SavedSnapshot state) => state is not { DeletedAt: null, Description: { } known }
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
            known.GroupId,
            known.Consistency,
            known.HookFailure,
            known.IsPointMoved,
        };
}
