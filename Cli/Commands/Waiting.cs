using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Cli.Commands;

/// <summary>Follows long work at the service until it is done, showing how far it is. Service trouble on the way is waited out.</summary>
internal sealed class Waiting(TidegateRestClient client, Printer printer, TimeProvider time)
{
    private static readonly TimeSpan FirstInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Until the gateway serves the volume, and with <paramref name="whole"/> until all of a restored one is there. A divergence that was told before
    /// (<paramref name="resolved"/>) is waited out: the gateway says a moment later that it is over.
    /// </summary>
    public Task<VolumeView> VolumeServedAsync(string volumeId, bool whole, TimeSpan limit, CancellationToken cancellationToken, VolumeStatusView? resolved = null) =>
        FollowAsync($"Volume {volumeId}", limit, () => client.GetVolumeAsync(volumeId, cancellationToken), volume =>
        {
            var status = volume.AgentStatus;
            var isKnown = status is { State: VolumeRunState.Diverged } && resolved is { State: VolumeRunState.Diverged } && status.Since == resolved.Since;
            if (status is { State: VolumeRunState.Failed or VolumeRunState.Diverged } && !isKnown)
                throw Failed($"Volume {volumeId} is {Printer.Word(status.State)} on its gateway: {status.Reason}", "The gateway's log and local page say more.");
            // A restore repeats what may pass; damaged bytes do not.
            if (status is { State: VolumeRunState.Restoring } && status.Reason.StartsWith(ErrorCodes.Corrupt, StringComparison.Ordinal))
                throw Failed($"Volume {volumeId} cannot be restored. {status.Reason}", "Delete the volume and restore another snapshot; have the operator verify the store.");
            if (status is null or { State: VolumeRunState.Pending }) return (0, "waiting for its gateway", false);
            var share = status.SizeBytes == 0 ? 1 : status.HydratedBytes / (double)status.SizeBytes;
            var isWhole = !whole || (status.State != VolumeRunState.Restoring && status.HydratedBytes >= status.SizeBytes);
            var words = status.State == VolumeRunState.Restoring
                ? $"restoring, {ByteSize.Format(status.HydratedBytes)} of {ByteSize.Format(status.SizeBytes)}"
                : Printer.Word(status.State);
            return (share, words, isWhole && status.ServingAt.Count > 0);
        }, cancellationToken);

    /// <summary>Until the gateway serves the volume at its new size.</summary>
    public Task<VolumeView> VolumeGrownAsync(string volumeId, long sizeBytes, TimeSpan limit, CancellationToken cancellationToken) =>
        FollowAsync($"Volume {volumeId}", limit, () => client.GetVolumeAsync(volumeId, cancellationToken), volume => volume.AgentStatus switch
        {
            { State: VolumeRunState.Failed or VolumeRunState.Diverged } ended =>
                throw Failed($"Volume {volumeId} is {Printer.Word(ended.State)} on its gateway: {ended.Reason}", "The gateway's log and local page say more."),
            { } status when status.SizeBytes >= sizeBytes => (1, $"{ByteSize.Format(status.SizeBytes)} served", true),
            _ => (0, "waiting for its gateway", false),
        }, cancellationToken);

    /// <summary>Until a rotation of the account's key has ended.</summary>
    public Task<AccountView> KeyRotatedAsync(string accountId, TimeSpan limit, CancellationToken cancellationToken) =>
        FollowAsync($"Account {accountId}", limit, () => client.GetAccountAsync(accountId, cancellationToken), account =>
            account switch
            {
                { KeyRotationBegunAt: null } => (1, "rotated", true),
                { KeyRotation: { Problem.Length: > 0 } stuck } => (0, stuck.Problem, false),
                { KeyRotation: { NextPassAt: { } next } } => (0.9, $"waiting until {Printer.Time(next)} for what was under way", false),
                { KeyRotation: { TotalVolumes: > 0 } pass } => (0.9 * pass.Volumes / pass.TotalVolumes, $"{Printer.Word(pass.Stage)}, {pass.Volumes} of {pass.TotalVolumes} volumes", false),
                _ => (0, "listing the account's volumes", false),
            }, cancellationToken);

    /// <summary>Until the service holds the snapshot.</summary>
    public Task<SnapshotView> SnapshotCompletedAsync(string snapshotId, TimeSpan limit, CancellationToken cancellationToken) =>
        FollowAsync($"Snapshot {snapshotId}", limit, () => client.GetSnapshotAsync(snapshotId, cancellationToken), snapshot => snapshot.State switch
        {
            SnapshotState.Completed => (1, "completed", true),
            SnapshotState.Failed => throw Failed($"Snapshot {snapshotId} failed: {snapshot.FailureReason}", "Take another one."),
            var state => (snapshot.Progress, Printer.Word(state), false),
        }, cancellationToken);

    /// <summary>Until the service holds every snapshot of the group.</summary>
    public Task<SnapshotGroupView> GroupCompletedAsync(string groupId, TimeSpan limit, CancellationToken cancellationToken) =>
        FollowAsync($"Group {groupId}", limit, () => client.GetSnapshotGroupAsync(groupId, cancellationToken), group => group.State switch
        {
            SnapshotGroupState.Completed => (1, "completed", true),
            SnapshotGroupState.Failed => throw Failed($"Snapshot group {groupId} failed: {group.Reason}", "Take another one."),
            SnapshotGroupState.Waiting => (0, $"waiting: {group.Reason}", false),
            var state => (group.Progress, Printer.Word(state), false),
        }, cancellationToken);

    /// <summary>Until the copy of a snapshot is complete.</summary>
    public Task<SnapshotCopyView> CopyCompletedAsync(string copyId, TimeSpan limit, CancellationToken cancellationToken) =>
        FollowAsync($"Copy {copyId}", limit, () => client.GetCopyAsync(copyId, cancellationToken), copy => copy.State switch
        {
            SnapshotCopyState.Completed => (1, "completed", true),
            SnapshotCopyState.Failed => throw Failed($"Copy {copyId} failed: {copy.FailureReason}", "Ask the snapshot's owner for another offer."),
            SnapshotCopyState.Cancelled => throw Failed($"Copy {copyId} was cancelled.", "Ask the snapshot's owner for another offer."),
            _ => (copy.Progress ?? 0, $"copying, {ByteSize.Format(copy.CopiedBytes)} so far", false),
        }, cancellationToken);

    /// <summary>Until the volume is gone from the service and, while its gateway is connected, from there.</summary>
    public async Task VolumeGoneAsync(VolumeView volume, TimeSpan limit, CancellationToken cancellationToken)
    {
        await FollowAsync($"Volume {volume.VolumeId}", limit, async () =>
        {
            if (await FindAsync(() => client.GetVolumeAsync(volume.VolumeId, cancellationToken)) is not null) return false;
            var gateway = await FindAsync(() => client.GetGatewayAsync(volume.GatewayId, cancellationToken: cancellationToken));
            return gateway is not { IsConnected: true } || gateway.Volumes.All(v => v.VolumeId != volume.VolumeId);
        }, static gone => (gone ? 1 : 0, gone ? "gone" : "leaving its gateway", gone), cancellationToken);
    }

    private static async Task<T?> FindAsync<T>(Func<Task<T>> get) where T : class
    {
        try
        {
            return await get();
        }
        catch (TidegateException error) when (error.Code == ErrorCodes.NotFound)
        {
            return null;
        }
    }

    private Task<T> FollowAsync<T>(
        string title, TimeSpan limit, Func<Task<T>> get, Func<T, (double Share, string Words, bool IsDone)> judge, CancellationToken cancellationToken) =>
        printer.Progress.RunAsync(title, async report =>
        {
            var start = time.GetTimestamp();
            var interval = FirstInterval;
            var words = "";
            while (true)
            {
                try
                {
                    var value = await get();
                    (var share, words, var isDone) = judge(value);
                    report(share, words);
                    if (isDone) return value;
                }
                catch (TidegateException trouble) when (trouble.IsTransient)
                {
                    words = trouble.Message;
                }
                if (time.GetElapsedTime(start) >= limit)
                    throw new WaitException(ExitCode.WaitTimedOut, "TimedOut", $"{title} was not ready within {limit.TotalSeconds:0} s ({words}).", "It goes on; look again later, or give a longer --timeout.");
                await Task.Delay(interval, time, cancellationToken);
                interval = interval * 1.5 < MaxInterval ? interval * 1.5 : MaxInterval;
            }
        });

    private static WaitException Failed(string message, string nextStep) => new(ExitCode.WaitFailed, "Failed", message, nextStep);
}
