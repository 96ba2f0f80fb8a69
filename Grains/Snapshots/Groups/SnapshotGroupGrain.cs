using System.Globalization;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes;

namespace Tidegate.Grains.Snapshots.Groups;

/// <summary>
/// See <see cref="ISnapshotGroupGrain"/>. Its volumes note their snapshots first, then the gateway takes the point; what of that was cut off is done
/// again while settling, with the same request.
/// </summary>
[GrainType("snapshot-group")]
internal sealed class SnapshotGroupGrain([PersistentState("snapshot-group", "state")] IPersistentState<SavedGroup> storage, AggregateServices services)
    : AggregateGrain<SavedGroup>(storage, services), ISnapshotGroupGrain, IGroupMembers
{
    private string What => $"Snapshot group {Key}";

    /// <inheritdoc />
    public async Task<SnapshotGroupDescription> Take(IReadOnlyList<GroupMember> members, string description)
    {
        if (State.Members.Length > 0) Authorisation.Require(Roles.Uploaders, State.AccountId, What);
        if (members.Any(member => !ResourceId.IsValid(ResourceKind.Volume, member.VolumeId) || !ResourceId.IsValid(ResourceKind.Snapshot, member.SnapshotId)))
            throw Arguments.Invalid("A member is a volume's id and a snapshot's.");
        SnapshotGroupMachine.CheckMembers(members);
        var volumes = await Task.WhenAll(members.Select(member => GrainFactory.GetGrain<IVolumeGrain>(member.VolumeId).Describe()));
        if (volumes.Select(volume => volume.GatewayId).Distinct().Count() > 1)
            throw Arguments.Invalid("The volumes of a group are all of one gateway: there is no common point of several machines.");
        if (volumes.Select(volume => volume.AccountId).Distinct().Count() > 1) throw Arguments.Invalid("The volumes of a group are all of one account.");
        Authorisation.Require(Roles.Uploaders, volumes[0].AccountId, What);
        await SaveChangeAsync((state, now) => SnapshotGroupMachine.Request(state, volumes[0].AccountId, volumes[0].GatewayId, members, description, now));
        if (State.Stage == SnapshotGroupState.Requested) await AskAsync();
        await SettleQuietlyAsync();
        return await Describe();
    }

    /// <inheritdoc />
    public async Task<SnapshotGroupDescription> Describe()
    {
        if (State.Members.Length == 0) throw Authorisation.NotFound(What);
        Authorisation.Require(Roles.Readers, State.AccountId, What);
        var state = State;
        var snapshots = (await Task.WhenAll(state.Members.Select(FindAsync))).OfType<SnapshotDescription>().ToArray();
        var progress = state.Stage switch
        {
            SnapshotGroupState.Completed => 1,
            SnapshotGroupState.Uploading => snapshots.Select(snapshot => snapshot.Progress).DefaultIfEmpty(0).Min(),
            _ => 0,
        };
        return new SnapshotGroupDescription(
            Key, state.AccountId, state.GatewayId, state.Description, state.Stage, progress, state.RequestedAt, state.TakenAt, state.Reason, snapshots);
    }

    /// <inheritdoc />
    public async Task<GroupVerdict> MemberEnded(string snapshotId, string failureReason)
    {
        await SaveChangeAsync((state, _) => SnapshotGroupMachine.MemberEnded(state, snapshotId, failureReason));
        // The volume asks while it settles, and this settles with the volume: it does not wait for it.
        _ = SettleQuietlyAsync();
        return SnapshotGroupMachine.VerdictOf(State);
    }

    /// <inheritdoc />
    protected override string OwnerOf(SavedGroup state) => state.AccountId;

    /// <inheritdoc />
    protected override async Task<TimeSpan?> SettleOthersAsync()
    {
        if (State.Members.Length == 0) return null;
        // Whoever made it settle: from here on the service asks.
        ServiceCaller.Act();
        await SaveChangeAsync(SnapshotGroupMachine.Expire);
        if (SnapshotGroupMachine.IsToBeAsked(State, Now)) await AskQuietlyAsync();
        await TellAsync();
        return State.IsOpen ? SnapshotGroupMachine.AskEvery : null;
    }

    private async Task AskAsync()
    {
        try
        {
            await Task.WhenAll(State.Members.Select(member =>
                GrainFactory.GetGrain<IGroupedVolume>(member.VolumeId).ExpectInGroup(Key, member.SnapshotId, State.Description)));
            var request = string.Create(CultureInfo.InvariantCulture, $"{Key}.{State.Attempt}");
            var answer = await GrainFactory.GetGrain<IGatewayGrain>(State.GatewayId)
                .TakeGroupBarriers(Key, [.. State.Members.Select(SnapshotGroupMachine.AsAsked)], request);
            await SaveChangeAsync((state, now) => SnapshotGroupMachine.Answered(state, answer, now));
        }
        catch (TidegateException failure) when (failure.Code is not (ErrorCodes.GatewayTimeout or ErrorCodes.Unavailable))
        {
            // After a timeout the barriers may exist; it is asked again. Without a connection nothing was asked of anybody, and one that waits goes on waiting.
            if (State.Stage == SnapshotGroupState.Requested) await GiveUpAsync(failure);
            throw;
        }
    }

    private async Task GiveUpAsync(TidegateException failure)
    {
        var members = State.Members;
        if (failure.Code is not (ErrorCodes.GatewayNotConnected or ErrorCodes.RateLimited or ErrorCodes.LimitExceeded or ErrorCodes.NotFound))
        {
            await SaveChangeAsync((state, _) => SnapshotGroupMachine.Fail(state, failure.Message));
            return;
        }

        await SaveChangeAsync((state, _) => SnapshotGroupMachine.Abandon(state, failure.Message));
        foreach (var member in members) await GrainFactory.GetGrain<IGroupedVolume>(member.VolumeId).ForgetInGroup(member.SnapshotId, failure.Message);
    }

    private async Task AskQuietlyAsync()
    {
        try
        {
            await AskAsync();
        }
        catch (TidegateException)
        {
            // Nobody waits for the answer: it is asked again, until its time is over.
        }
    }

    private async Task TellAsync()
    {
        foreach (var member in State.Members.Where(member => !member.IsTold && (State.Stage != SnapshotGroupState.Requested)).ToArray())
        {
            var volume = GrainFactory.GetGrain<IGroupedVolume>(member.VolumeId);
            await (State.Stage switch
            {
                SnapshotGroupState.Completed => volume.EndInGroup(member.SnapshotId, ""),
                SnapshotGroupState.Failed => volume.EndInGroup(member.SnapshotId, State.Reason),
                _ => volume.BarrierInGroup(member.SnapshotId, member.Barrier),
            });
            await SaveChangeAsync((state, _) => SnapshotGroupMachine.Told(state, member));
        }
    }

    private async Task<SnapshotDescription?> FindAsync(SavedMember member)
    {
        if (await GrainFactory.GetGrain<IVolumeSnapshots>(member.VolumeId).DescribeSnapshot(member.SnapshotId) is { } pending) return pending;
        try
        {
            return await GrainFactory.GetGrain<ISnapshotGrain>(member.SnapshotId).Describe();
        }
        catch (TidegateException deleted) when (deleted.Code == ErrorCodes.NotFound)
        {
            return null;
        }
    }
}
