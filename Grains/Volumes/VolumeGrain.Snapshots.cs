using Tidegate.BlockStore.Images;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Security;
using Tidegate.Grains.Snapshots;

namespace Tidegate.Grains.Volumes;

// Snapshots (M2.8): the agent's barrier makes the point, the commit that reaches it completes it.
internal sealed partial class VolumeGrain
{
    // Snapshots whose gateway is being asked: a commit may complete one before the answer, which says more of it.
    private readonly HashSet<string> _asking = [];

    /// <inheritdoc />
    public async Task<SnapshotDescription> CreateSnapshot(string snapshotId, string description, string requestId)
    {
        var specification = RequireOwner(Roles.Uploaders);
        if (await HandedOverAsync(snapshotId) is { } known) return known;
        var pending = await SaveChangeAsync((state, now) => VolumeMachine.RequestSnapshot(state, HeadOf(state), snapshotId, description, now));
        if (pending.Stage == PendingStage.Requested)
        {
            var (asked, isFirst) = (pending, _asking.Add(snapshotId));
            try
            {
                var barrier = await TakeBarrierAsync(specification.GatewayId, snapshotId, requestId);
                pending = await SaveChangeAsync((state, _) => VolumeMachine.BarrierTaken(state, asked, barrier));
            }
            finally
            {
                if (isFirst) _asking.Remove(snapshotId);
            }
        }

        await SettleQuietlyAsync();
        return await HandedOverAsync(snapshotId) ?? DescriptionOf(VolumeMachine.Find(State, snapshotId) ?? pending);
    }

    /// <inheritdoc />
    public Task<SnapshotDescription?> DescribeSnapshot(string snapshotId) =>
        Task.FromResult(VolumeMachine.Find(State, snapshotId) is { } pending ? DescriptionOf(pending) : null);

    /// <inheritdoc />
    public async Task<StoredImage> OpenImage(string snapshotId)
    {
        // A deleted volume's snapshots stay readable, so deletion does not matter here.
        if (State.Head.Length == 0) throw Authorisation.NotFound($"Snapshot {snapshotId}");
        Authorisation.Require(Roles.Readers, State.Specification!.AccountId, $"Snapshot {snapshotId}", Key);
        return new StoredImage((await ImageOfAsync(snapshotId)).Encode(), State.Keys);
    }

    private async Task<ImageDescriptor> ImageOfAsync(string snapshotId)
    {
        var snapshot = await (await OpenCatalogueAsync(HeadOf(State))).FindSnapshotAsync(snapshotId) ?? throw Authorisation.NotFound($"Snapshot {snapshotId}");
        return await ReadableAsync(snapshot.Image);
    }

    private async Task<SnapshotBarrier> TakeBarrierAsync(string gatewayId, string snapshotId, string requestId)
    {
        try
        {
            return await GrainFactory.GetGrain<IGatewayGrain>(gatewayId).TakeBarrier(Key, snapshotId, requestId);
        }
        catch (TidegateException failure) when (failure.Code is not (ErrorCodes.GatewayTimeout or ErrorCodes.Unavailable))
        {
            // After a timeout the barrier may exist, and the log may announce it; after any other answer it does not.
            await ChangeAsync((state, _) => VolumeMachine.AbandonSnapshot(state, snapshotId, failure.Message));
            throw;
        }
    }

    // An id that was used is asked about before anything is saved: what is taken under a deleted one, nobody could find or delete.
    private async Task<SnapshotDescription?> HandedOverAsync(string snapshotId) => VolumeMachine.Find(State, snapshotId) is null
        ? await GrainFactory.GetGrain<ISnapshotId>(snapshotId).FindFor(Key)
        : null;

    private SnapshotDescription DescriptionOf(PendingSnapshot pending)
    {
        var progress = VolumeMachine.ProgressOf(pending, HeadOf(State).CommittedLogEnd);
        var state = pending.Stage switch
        {
            PendingStage.Completed => pending.IsFinal ? SnapshotState.Completed : SnapshotState.Uploading,
            PendingStage.Failed => SnapshotState.Failed,
            PendingStage.Waiting => SnapshotState.Waiting,
            PendingStage.Barrier when VolumeMachine.IsOvertaken(pending, HeadOf(State)) => SnapshotState.Waiting,
            PendingStage.Point => SnapshotState.Uploading,
            _ => progress > 0 ? SnapshotState.Uploading : SnapshotState.Local,
        };
        return new SnapshotDescription(
            pending.SnapshotId,
            State.Specification!.AccountId,
            Key,
            pending.Description,
            state,
            progress,
            pending.RequestedAt,
            pending.PointAt,
            pending.SizeBytes,
            pending.Sequence,
            pending.FailureReason)
        {
            GroupId = pending.GroupId,
            Consistency = pending.Consistency,
            HookFailure = pending.HookFailure,
            IsPointMoved = pending.IsPointMoved,
        };
    }
}
