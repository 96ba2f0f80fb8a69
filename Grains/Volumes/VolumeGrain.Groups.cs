using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

// Snapshots taken in a group (M2.8): the group's grain says when they are asked for, and how they end.
internal sealed partial class VolumeGrain
{
    /// <inheritdoc />
    public async Task ExpectInGroup(string groupId, string snapshotId, string description)
    {
        RequireOwner(Roles.Uploaders);
        await SaveChangeAsync((state, now) => VolumeMachine.ExpectInGroup(state, HeadOf(state), groupId, snapshotId, description, now));
    }

    /// <inheritdoc />
    public async Task BarrierInGroup(string snapshotId, SnapshotBarrier? barrier)
    {
        if (barrier is null) await SaveChangeAsync((state, _) => VolumeMachine.WaitInGroup(state, snapshotId));
        else if (VolumeMachine.Find(State, snapshotId) is { } asked) await SaveChangeAsync((state, _) => VolumeMachine.BarrierTaken(state, asked, barrier));
        // The group tells its volumes while it settles, and they tell it how they stand while they do: neither waits for the other.
        _ = SettleQuietlyAsync();
    }

    /// <inheritdoc />
    public async Task EndInGroup(string snapshotId, string failureReason)
    {
        if (failureReason.Length > 0 && State.ErasureBegunAt is null && VolumeMachine.Find(State, snapshotId) is { Stage: PendingStage.Completed, IsGroupEnded: false })
            await pool.RunAsync(Key, new SnapshotDeletionWork(snapshotId));
        await SaveChangeAsync((state, _) => VolumeMachine.EndInGroup(state, snapshotId, failureReason));
        _ = SettleQuietlyAsync();
    }

    /// <inheritdoc />
    public Task ForgetInGroup(string snapshotId, string reason) => SaveChangeAsync((state, _) => VolumeMachine.AbandonSnapshot(state, snapshotId, reason));
}
