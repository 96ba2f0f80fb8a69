using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.GatewayAgent.Snapshots;

/// <summary>
/// Takes the barriers of one snapshot, or of a group at one point (M2.8): applications are frozen, the barriers are appended while nothing else
/// enters the logs, applications are thawed, and the answer is given when the barriers are durable.
/// </summary>
internal sealed class SnapshotRound(SnapshotHooks hooks, ILogger logger)
{
    /// <summary>
    /// One snapshot. Idempotent by its id, across restarts while the log holds the barrier; later than that the service has the snapshot. While the
    /// volume is not shadowed the answer says that it waits.
    /// </summary>
    /// <exception cref="TidegateException"><c>InvalidState</c>: the volume is not served, or its applications could not be frozen.</exception>
    public async Task<SnapshotBarrier> TakeAsync(VolumeHost host, string snapshotId, CancellationToken cancellationToken) =>
        (await TakeAsync("", [(host, snapshotId)], cancellationToken)).Barriers[0];

    /// <summary>
    /// A group, or one snapshot with no group. A group of which a volume is not shadowed waits: nothing is appended. The answer lacks volumes when an earlier
    /// try was cut off between them: then the group cannot be had any more.
    /// </summary>
    /// <exception cref="TidegateException"><c>InvalidState</c>: as above.</exception>
    public async Task<GroupBarriers> TakeAsync(
        string groupId, IReadOnlyList<(VolumeHost Host, string SnapshotId)> members, CancellationToken cancellationToken)
    {
        var seats = new List<SnapshotSeat>(members.Count);
        try
        {
            // In one order, so that two groups never wait for each other.
            foreach (var (host, snapshotId) in members.OrderBy(static member => member.Host.VolumeId, StringComparer.Ordinal))
                seats.Add(await host.EnterRoundAsync(snapshotId, cancellationToken));
            return await RecordedAsync(groupId, seats, cancellationToken)
                ?? Waiting(groupId, seats)
                ?? await TakeAsync(groupId, seats, cancellationToken);
        }
        catch (IOException fault)
        {
            throw new TidegateException(ErrorCodes.InvalidState, $"{Names(seats)} cannot record a snapshot: {fault.Message}");
        }
        finally
        {
            foreach (var seat in seats)
                seat.Dispose();
        }
    }

    private static async Task<GroupBarriers?> RecordedAsync(string groupId, List<SnapshotSeat> seats, CancellationToken cancellationToken)
    {
        var recorded = new List<SnapshotBarrier>(seats.Count);
        foreach (var seat in seats)
        {
            if (await seat.FindAsync(cancellationToken) is { } barrier)
                recorded.Add(barrier);
        }
        // Some of them, when taking the group was cut off in between: who asked sees which, and the group cannot be had any more.
        return recorded.Count == 0 ? null : new GroupBarriers(groupId, recorded, "");
    }

    private static GroupBarriers? Waiting(string groupId, List<SnapshotSeat> seats) =>
        groupId.Length > 0 && seats.Find(static seat => !seat.IsShadowing) is { } behind ? new GroupBarriers(groupId, [], behind.Reason) : null;

    private async Task<GroupBarriers> TakeAsync(string groupId, List<SnapshotSeat> seats, CancellationToken cancellationToken)
    {
        var frozen = await hooks.FreezeAsync(groupId, [.. seats.Where(static seat => seat.IsShadowing).Select(static seat => seat.Volume)], cancellationToken);
        long[] positions;
        try
        {
            positions = await AppendAsync(seats, cancellationToken);
        }
        catch
        {
            await frozen.ThawAsync();
            throw;
        }
        var thawing = frozen.ThawAsync();
        try
        {
            await Task.WhenAll(seats.Select(static seat => seat.Log.SyncAsync()));
        }
        finally
        {
            await thawing;
        }
        for (var i = 0; i < seats.Count; i++)
            VolumeLog.Barrier(logger, seats[i].Volume.VolumeId, seats[i].Volume.SnapshotId, positions[i]);
        return new GroupBarriers(groupId, [.. seats.Select((seat, i) => seat.Answer(seat.At(positions[i], frozen)))], "");
    }

    private static async Task<long[]> AppendAsync(List<SnapshotSeat> seats, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Log.TryAppendBarriers([.. seats.Select(static seat => (seat.Log, seat.Volume.SnapshotId))], out var lacking) is { } positions)
                return positions;
            await lacking!.WaitForNoteRoomAsync(LogNotes.MaxSnapshotIdBytes, cancellationToken);
        }
    }

    private static string Names(List<SnapshotSeat> seats) => $"Volume '{string.Join("', '", seats.Select(static seat => seat.Volume.Name))}'";
}
