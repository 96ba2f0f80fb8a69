namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>Barriers of several logs at one point of time (M2.8).</summary>
internal sealed partial class WriteLog
{
    /// <summary>
    /// Appends one barrier to each log while nothing else enters any of them: whoever saw a write of one log answered, and then wrote to another,
    /// finds the second write before its barrier only if the first is before its own. The logs are distinct and always come in the same order.
    /// Null when a log has no room; nothing was appended then. Not durable yet.
    /// </summary>
    /// <param name="members">The logs, with the snapshots that their barriers belong to.</param>
    /// <param name="lacking">The log that has no room.</param>
    /// <exception cref="Devices.BlockDeviceException">A log has stopped, perhaps by this very append: barriers may be in the logs before it, and belong to no group.</exception>
    /// <remarks>The hold is as long as the appends take: a write each, into the page cache.</remarks>
    public static long[]? TryAppendBarriers(IReadOnlyList<(WriteLog Log, string SnapshotId)> members, out WriteLog? lacking)
    {
        lacking = null;
        var bodies = members.Select(static member => LogNotes.EncodeBarrier(member.SnapshotId)).ToArray();
        var held = 0;
        try
        {
            foreach (var (log, _) in members)
            {
                log._gate.Enter();
                held++;
            }
            for (var i = 0; i < bodies.Length; i++)
            {
                members[i].Log.ThrowIfStopped();
                if (members[i].Log.HasRoom(bodies[i].Length, isNote: true))
                    continue;
                lacking = members[i].Log;
                return null;
            }
            return [.. members.Select((member, i) => member.Log.PutBarrier(member.SnapshotId, bodies[i]))];
        }
        finally
        {
            while (held > 0)
                members[--held].Log._gate.Exit();
        }
    }

    /// <summary>Completes when a note of that size may fit.</summary>
    public Task WaitForNoteRoomAsync(int payloadBytes, CancellationToken cancellationToken) => WaitForRoomAsync(payloadBytes, isNote: true, cancellationToken);

    private long PutBarrier(string snapshotId, byte[] body)
    {
        Put(LogRecordKind.Barrier, 0, 0, body, Crc32C.Compute(body));
        _barriers.Add(new BarrierPoint(snapshotId, _next.Position));
        _ = NoteUnsynced();
        return _next.Position;
    }
}
