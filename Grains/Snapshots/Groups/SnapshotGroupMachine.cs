using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes;

namespace Tidegate.Grains.Snapshots.Groups;

/// <summary>
/// What a group of snapshots may become. Pure. Invariants: it completes only when every member is held, and a member that will never be held fails all
/// of them; an end is final; its members never change.
/// </summary>
internal static class SnapshotGroupMachine
{
    /// <summary>Fewest volumes of a group.</summary>
    public const int MinMembers = 2;

    /// <summary>Most that is kept of why a group waits or failed.</summary>
    public const int MaxReasonLength = 300;

    /// <summary>How long the gateway may have said nothing that counts.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>How long a group waits for its volumes to be shadowed again.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromDays(7);

    /// <summary>How soon a group that waits is asked for again.</summary>
    public static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(20);

    /// <summary>A group is asked for; the same again changes nothing.</summary>
    public static Change<SavedGroup, SavedGroup> Request(
        SavedGroup state, string accountId, string gatewayId, IReadOnlyList<GroupMember> members, string description, DateTimeOffset now)
    {
        if (state.Members.Length > 0)
        {
            if (state.Description == description && state.Members.Select(AsAsked).ToHashSet().SetEquals(members)) return Change.Keep(state);
            throw new TidegateException(ErrorCodes.InvalidState, "The group exists with other volumes.", "Use a fresh idempotency key.");
        }

        CheckMembers(members);
        var next = state with
        {
            AccountId = accountId,
            GatewayId = gatewayId,
            Description = Arguments.Text(description, "description", VolumeMachine.MaxDescriptionLength),
            Members = [.. members.Select(member => new SavedMember { VolumeId = member.VolumeId, SnapshotId = member.SnapshotId })],
            Stage = SnapshotGroupState.Requested,
            RequestedAt = now,
            AskAgainAt = now,
            Attempt = 0,
            Reason = "",
        };
        return Change.To(next, new DomainEvent("snapshot-group.requested", new { gatewayId, volumes = members.Select(member => member.VolumeId) })) with { Owes = true };
    }

    /// <summary>Throws <c>InvalidArgument</c> for a set of volumes that is no group.</summary>
    public static void CheckMembers(IReadOnlyList<GroupMember> members)
    {
        if (members.Count is >= MinMembers and <= GroupSnapshotRequest.MaxMembers && members.DistinctBy(member => member.VolumeId).Count() == members.Count) return;
        throw Arguments.Invalid($"A group has {MinMembers} to {GroupSnapshotRequest.MaxMembers} volumes, each once.");
    }

    /// <summary>The gateway never heard of it: as if it had not been asked for, and its id may be used again.</summary>
    public static Change<SavedGroup, SavedGroup> Abandon(SavedGroup state, string reason) => state is { Stage: SnapshotGroupState.Requested, Members.Length: > 0 }
        ? Change.To(state with { Members = [] }, new DomainEvent("snapshot-group.failed", new { reason }))
        : Change.Keep(state);

    /// <summary>What the gateway answered: the barriers of the common point, or that the group has to wait.</summary>
    public static Change<SavedGroup, SavedGroup> Answered(SavedGroup state, GroupBarriers answer, DateTimeOffset now)
    {
        if (state.Stage is not (SnapshotGroupState.Requested or SnapshotGroupState.Waiting)) return Change.Keep(state);
        if (answer.WaitingFor.Length > 0)
        {
            var waiting = state with { Stage = SnapshotGroupState.Waiting, Reason = Kept(answer.WaitingFor), Attempt = state.Attempt + 1, AskAgainAt = now + AskEvery };
            return (state.Stage == SnapshotGroupState.Waiting ? Change.To(waiting) : Change.To(waiting, new DomainEvent("snapshot-group.waiting", new { reason = Kept(answer.WaitingFor) })))
                with
            { Owes = true };
        }

        var barriers = answer.Barriers.ToDictionary(barrier => barrier.SnapshotId);
        if (!state.Members.All(member => barriers.ContainsKey(member.SnapshotId))) return Fail(state, "The gateway was interrupted when only some of the volumes had the common point.");
        var taken = state with
        {
            Stage = SnapshotGroupState.Uploading,
            TakenAt = now,
            Reason = "",
            Members = [.. state.Members.Select(member => member with { Barrier = Kept(barriers[member.SnapshotId]), IsTold = false })],
        };
        return Judged(taken, new DomainEvent("snapshot-group.taken", new { snapshots = state.Members.Select(member => member.SnapshotId) }));
    }

    /// <summary>A member's snapshot is held, or with a reason never will be.</summary>
    public static Change<SavedGroup, SavedGroup> MemberEnded(SavedGroup state, string snapshotId, string failureReason)
    {
        if (!state.IsOpen || Array.Find(state.Members, member => member.SnapshotId == snapshotId) is not { } ended) return Change.Keep(state);
        if (failureReason.Length > 0) return Fail(state, $"Volume {ended.VolumeId}: {failureReason}");
        if (ended.IsHeld) return Change.Keep(state);
        return Judged(state with { Members = [.. state.Members.Select(member => member == ended ? member with { IsHeld = true } : member)] });
    }

    /// <summary>None of its snapshots will be.</summary>
    public static Change<SavedGroup, SavedGroup> Fail(SavedGroup state, string reason) => !state.IsOpen
        ? Change.Keep(state)
        : Change.To(Untold(state) with { Stage = SnapshotGroupState.Failed, Reason = Kept(reason) }, new DomainEvent("snapshot-group.failed", new { reason = Kept(reason) })) with { Owes = true };

    /// <summary>What the group has waited for too long is given up.</summary>
    public static Change<SavedGroup, SavedGroup> Expire(SavedGroup state, DateTimeOffset now) => state.Stage switch
    {
        SnapshotGroupState.Requested when now - state.RequestedAt > Patience => Fail(state, "The gateway never answered."),
        SnapshotGroupState.Waiting when now - state.RequestedAt > LongestWait => Fail(state, $"It waited for {LongestWait.TotalDays:0} days: {state.Reason}"),
        _ => Change.Keep(state),
    };

    /// <summary>True when the gateway is to be asked by the service itself: for a group that waits, and for one whose asking was cut off.</summary>
    public static bool IsToBeAsked(SavedGroup state, DateTimeOffset now) =>
        state is { Stage: SnapshotGroupState.Waiting or SnapshotGroupState.Requested, Members.Length: > 0 } && now - state.AskAgainAt > (state.Stage == SnapshotGroupState.Waiting ? TimeSpan.Zero : AskEvery);

    /// <summary>A member's volume knows.</summary>
    public static Change<SavedGroup, SavedGroup> Told(SavedGroup state, SavedMember told) =>
        Change.To(state with { Members = [.. state.Members.Select(member => member == told ? member with { IsTold = true } : member)] });

    /// <summary>What a volume is to do with its snapshot now. A group that nobody knows of has failed.</summary>
    public static GroupVerdict VerdictOf(SavedGroup state) => state.Stage switch
    {
        SnapshotGroupState.Completed => GroupVerdict.Complete,
        SnapshotGroupState.Failed => GroupVerdict.Fail,
        _ => state.Members.Length == 0 ? GroupVerdict.Fail : GroupVerdict.Wait,
    };

    /// <summary>As it was asked for.</summary>
    public static GroupMember AsAsked(SavedMember member) => new(member.VolumeId, member.SnapshotId);

    private static string Kept(string reason) => reason.Length <= MaxReasonLength ? reason : reason[..MaxReasonLength];

    private static SnapshotBarrier Kept(SnapshotBarrier barrier) => barrier with { HookFailure = VolumeMachine.Bounded(barrier.HookFailure) };

    // A commit may come in before the gateway's answer: it is complete when both are there.
    private static Change<SavedGroup, SavedGroup> Judged(SavedGroup state, params DomainEvent[] events) =>
        state.Stage == SnapshotGroupState.Uploading && state.Members.All(member => member.IsHeld)
            ? Change.To(Untold(state) with { Stage = SnapshotGroupState.Completed }, [.. events, new DomainEvent("snapshot-group.completed")]) with { Owes = true }
            : Change.To(state, events) with { Owes = true };

    private static SavedGroup Untold(SavedGroup state) => state with { Members = [.. state.Members.Select(member => member with { IsTold = false })] };
}
