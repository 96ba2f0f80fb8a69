using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes.Copies;

namespace Tidegate.Grains.Snapshots.Offers;

/// <summary>See <see cref="ISnapshotOfferGrain"/>. Its audit records are the offering account's; the copy's are the other's.</summary>
[GrainType("snapshot-offer")]
internal sealed class SnapshotOfferGrain([PersistentState("snapshot-offer", "state")] IPersistentState<SavedOffer> storage, AggregateServices services)
    : AggregateGrain<SavedOffer>(storage, services), ISnapshotOfferGrain, IOfferTerms
{
    private string What => $"Offer {Key}";

    private bool IsOwner => State.Snapshot is { } offered && (Caller.Current.Role == Role.Operator || Caller.Current.AccountId == offered.AccountId);

    /// <inheritdoc />
    public async Task<SnapshotOfferDescription> Make(SnapshotOfferRequest request)
    {
        if (State.Snapshot is { } known) Authorisation.Require(Roles.Admins, known.AccountId, What);
        var snapshot = await GrainFactory.GetGrain<ISnapshotGrain>(request.SnapshotId).Describe();
        Authorisation.Require(Roles.Admins, snapshot.AccountId, What);
        await ChangeAsync((state, now) => SnapshotOfferMachine.Make(state, request, snapshot, now));
        return await Describe();
    }

    /// <inheritdoc />
    public Task<SnapshotOfferDescription> Describe()
    {
        if (State is not { Request: { } request, Snapshot: { } snapshot }) throw Authorisation.NotFound(What);
        Authorisation.Require(Roles.Auditors, IsOwner ? State.Snapshot.AccountId : request.ToAccountId, What);
        // One account does not learn the other's ids from it; who offers to himself, and the operator, see both.
        var isAddressee = Caller.Current.Role == Role.Operator || Caller.Current.AccountId == request.ToAccountId;
        return Task.FromResult(new SnapshotOfferDescription(
            Key,
            snapshot.AccountId,
            request.ToAccountId,
            IsOwner ? request.SnapshotId : "",
            SnapshotOfferMachine.StateOf(State, Now),
            snapshot.Description,
            snapshot.SizeBytes,
            snapshot.PointAt,
            State.CreatedAt,
            State.ExpiresAt,
            isAddressee ? State.CopyId : "",
            State.FailureReason));
    }

    /// <inheritdoc />
    public async Task<SnapshotCopyDescription> Accept(string copyId, string snapshotId, string description)
    {
        if (State.Request is not { } request) throw Authorisation.NotFound(What);
        Authorisation.Require(Roles.Admins, request.ToAccountId, What);
        if (!ResourceId.IsValid(ResourceKind.Volume, copyId) || !ResourceId.IsValid(ResourceKind.Snapshot, snapshotId))
            throw Arguments.Invalid("A copy needs a volume id and a snapshot id.");
        await SaveChangeAsync((state, now) => SnapshotOfferMachine.Accept(state, copyId, snapshotId, description, now));
        await SettleQuietlyAsync();
        return State.IsCopyBegun
            ? await GrainFactory.GetGrain<ISnapshotCopyGrain>(State.CopyId).DescribeCopy()
            : throw new TidegateException(ErrorCodes.Unavailable, $"{What} is accepted, and the copy could not be begun yet.", "It begins by itself; ask for the offer again.");
    }

    /// <inheritdoc />
    public async Task Revoke()
    {
        if (State.Snapshot is not { } offered) throw Authorisation.NotFound(What);
        Authorisation.Require(Roles.Admins, offered.AccountId, What);
        await ChangeAsync((state, _) => SnapshotOfferMachine.Revoke(state));
    }

    /// <inheritdoc />
    public Task<string?> GetRefusal(string copyId) => Task.FromResult(SnapshotOfferMachine.RefusalOf(State, copyId));

    /// <inheritdoc />
    public Task<string?> Conclude(string copyId) => ChangeAsync((state, _) => SnapshotOfferMachine.Conclude(state, copyId));

    /// <inheritdoc />
    public Task CopyFailed(string copyId, string reason) => ChangeAsync((state, _) => SnapshotOfferMachine.Fail(state, copyId, reason));

    /// <inheritdoc />
    protected override string OwnerOf(SavedOffer state) => state.Snapshot?.AccountId ?? "";

    /// <inheritdoc />
    protected override object? RowOf(SavedOffer state) => state is not { IsRemoved: false, Request: { } request, Snapshot: { } snapshot }
        ? null
        : new
        {
            type = "snapshot-offer",
            id = Key,
            snapshot.AccountId,
            request.ToAccountId,
            request.SnapshotId,
            state = state.Stage,
            snapshot.Description,
            snapshot.SizeBytes,
            snapshot.PointAt,
            state.CreatedAt,
            state.ExpiresAt,
            state.CopyId,
            state.FailureReason,
        };

    /// <inheritdoc />
    protected override async Task<TimeSpan?> SettleOthersAsync()
    {
        if (State is { Stage: SnapshotOfferState.Accepted, IsCopyBegun: false })
        {
            await GrainFactory.GetGrain<IVolumeCopy>(State.CopyId).BeginCopy(new CopyRequest(
                Key, State.Request!.ToAccountId, State.Snapshot!.VolumeId, State.Request.SnapshotId, State.Snapshot.SizeBytes, State.Snapshot.PointAt,
                State.CopySnapshotId, State.CopyDescription));
            await SaveChangeAsync((state, _) => SnapshotOfferMachine.CopyBegun(state));
        }

        if (State.Stage != SnapshotOfferState.Open || State.Request is null) return null;
        await SaveChangeAsync(SnapshotOfferMachine.Expire);
        return State.Stage == SnapshotOfferState.Open ? State.ExpiresAt - Now : null;
    }
}
