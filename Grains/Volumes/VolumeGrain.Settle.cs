using System.Globalization;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Snapshots.Groups;

namespace Tidegate.Grains.Volumes;

// What a volume owes others after a save. Every step is idempotent, and what fails is asked for again.
internal sealed partial class VolumeGrain
{
    /// <inheritdoc />
    protected override async Task<TimeSpan?> SettleOthersAsync()
    {
        if (State.Specification is not { } specification) return null;
        if (State.Head.Length == 0) return await SettleIntentionAsync();
        if (State.DeletedAt is null && !State.IsAttached) await AttachToGatewayAsync();
        if (State is { DeletedAt: not null, IsReleased: false })
        {
            await GrainFactory.GetGrain<IGatewayGrain>(specification.GatewayId).DetachVolume(Key);
            await Names.Grain(GrainFactory, specification.AccountId, Names.Volume, specification.Name).Release(Key);
            await SaveChangeAsync((state, _) => VolumeMachine.Released(state));
        }

        var again = await SettleCopyAsync();
        var wait = await SettleSnapshotsAsync();
        if (again < (wait ?? TimeSpan.MaxValue)) wait = again;
        await SettleOriginAsync();
        if (State.ErasureBegunAt is not null) return await SettleErasureAsync() ?? wait;
        await SettleStagingAsync();
        AskForFold(HeadOf(State));
        var look = await SettleReclaimAsync();
        return look is null || (wait is { } sooner && sooner < look) ? wait : look;
    }

    private async Task<TimeSpan?> SettleIntentionAsync()
    {
        var left = State.CreatedAt + VolumeMachine.Patience - Now;
        if (left > TimeSpan.Zero) return left;
        await AbandonIntentionAsync(State.Specification!);
        return null;
    }

    private async Task AttachToGatewayAsync()
    {
        var specification = State.Specification!;
        await GrainFactory.GetGrain<IGatewayGrain>(specification.GatewayId).AttachVolume(
            new VolumeAttachment(Key, specification.Name, specification.SizeBytes, SourceName(specification))
            {
                RecoveryPointObjectiveSeconds = VolumeMachine.ObjectiveOf(State),
                AdoptPath = specification.AdoptPath,
            });
        await SaveChangeAsync((state, _) => VolumeMachine.Attached(state));
    }

    // What the gateway knows the volume's beginning by: the snapshot, or volume and sequence of the point.
    private string SourceName(VolumeSpecification specification) =>
        State.RestoredPoint is { } point ? string.Create(CultureInfo.InvariantCulture, $"{point.VolumeId}@{point.Sequence}") : specification.SourceSnapshotId;

    private async Task<TimeSpan?> SettleSnapshotsAsync()
    {
        TimeSpan? wait = null;
        foreach (var asked in State.Snapshots.Where(pending => pending.IsOpen))
        {
            var left = asked.RequestedAt + VolumeMachine.Patience - Now;
            var reason = asked.Stage == PendingStage.Point ? "The service was interrupted before it held the point." : "The gateway never answered.";
            if (left > TimeSpan.Zero) wait = wait is { } shorter && shorter < left ? shorter : left;
            else await SaveChangeAsync((state, _) => VolumeMachine.FailSnapshot(state, asked.SnapshotId, reason));
        }

        foreach (var ended in State.Snapshots.Where(pending => pending is { IsEnded: true, IsFinal: false }))
        {
            // The group says how it ended, now or when the last of its volumes has come as far.
            var group = GrainFactory.GetGrain<IGroupMembers>(ended.GroupId);
            await group.MemberEnded(ended.SnapshotId, ended.Stage == PendingStage.Failed ? ended.FailureReason : "");
            wait = wait is { } shorter && shorter < SnapshotGroupMachine.AskEvery ? shorter : SnapshotGroupMachine.AskEvery;
        }

        var news = State.Snapshots
            .Where(pending => !_asking.Contains(pending.SnapshotId) && (pending.IsFinal || (!pending.IsRecorded && !pending.IsOpen))).ToArray();
        foreach (var pending in news) await GrainFactory.GetGrain<ISnapshotGrain>(pending.SnapshotId).Record(DescriptionOf(pending));
        if (news.Length > 0) await SaveChangeAsync((state, _) => VolumeMachine.SnapshotsRecorded(state, news));
        return wait;
    }
}
