using System.Buffers;
using System.Runtime.InteropServices;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>
/// Finds the end of a log and its notes (<c>docs/formats/write-log.md</c>, Rules 4): a bad record that is known to have been
/// durable is damage; any other is a torn tail.
/// </summary>
internal static class LogRecovery
{
    private const int ScanBytes = 1 << 20;

    /// <summary>
    /// Reads from P to the end, handing every good record to <paramref name="replay"/>; nothing is written. Also tells from where on no sync is known
    /// to have covered what was read.
    /// </summary>
    internal static (LogAnchor End, long UnprovenFrom) FindEnd(LogFile file, LogSuperblock superblock, long tail, Action<LogRecord>? replay)
    {
        var limit = tail + file.CapacityBytes;
        using var cursor = new LogCursor(file, superblock.VolumeTag, superblock.Generation, superblock.Applied);
        string? fault;
        var unproven = new Queue<(long Sequence, long Position)>();
        while ((fault = cursor.ReadNext(limit)) is null)
        {
            unproven.Enqueue((cursor.Current.Sequence, cursor.Current.Position));
            while (unproven.TryPeek(out var oldest) && oldest.Sequence <= Math.Max(superblock.SyncedSequence, cursor.GreatestSynced))
                unproven.Dequeue();
            replay?.Invoke(cursor.Current);
        }

        var end = cursor.Anchor;
        var synced = Math.Max(superblock.SyncedSequence, cursor.GreatestSynced);
        if (synced < end.Sequence)
            synced = Math.Max(synced, GreatestSyncedBeyond(file, superblock, end, limit));
        return synced < end.Sequence
            ? (end, unproven.TryPeek(out var first) ? first.Position : end.Position)
            : throw new LogCorruptException(superblock.VolumeId,
                $"record {end.Sequence} at position {end.Position} was durable (through record {synced}), but {fault}");
    }

    /// <summary>
    /// Writes again what no sync is known to have covered. It may be in the page cache alone, and marked as written: that is how a failed sync leaves it,
    /// and the process that met one may be gone.
    /// </summary>
    internal static void Renew(LogFile file, long first, long end)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ScanBytes);
        try
        {
            for (var at = first; at < end; at += ScanBytes)
            {
                var block = buffer.AsSpan(0, (int)Math.Min(ScanBytes, end - at));
                file.Read(at, block);
                file.Write(at, block);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The seals after the committed segment and the barriers after the committed log end, oldest first.</summary>
    internal static (List<SealDecision> Seals, List<BarrierPoint> Barriers) FindNotes(
        LogFile file, LogSuperblock superblock, LogAnchor end, long tail)
    {
        var seals = new List<SealDecision>();
        var barriers = new List<BarrierPoint>();
        var committed = superblock.Committed;
        for (var position = end.LastNote; position >= Math.Max(tail, committed.LogEnd);)
        {
            using var cursor = new LogCursor(file, superblock.VolumeTag, superblock.Generation, position);
            var fault = cursor.ReadNext(Math.Min(end.Position, position + LogNotes.MaxFootprintBytes));
            if (fault is not null)
                throw new LogCorruptException(superblock.VolumeId, $"the note at position {position} is unreadable: {fault}");
            var record = cursor.Current;
            if (record.Kind == LogRecordKind.Seal && !LogNotes.IsSeal(record.Data.Span))
                throw new LogCorruptException(superblock.VolumeId, $"the seal at position {position} is not of the length that it says");
            if (cursor.NoteBefore >= position)
                throw new LogCorruptException(superblock.VolumeId, $"the note at position {position} names {cursor.NoteBefore} as the one before it");
            if (record.Kind == LogRecordKind.Seal && LogNotes.DecodeSeal(record) is var seal && seal.Sequence > committed.Sequence)
                seals.Add(seal);
            else if (record.Kind == LogRecordKind.Barrier)
                barriers.Add(LogNotes.DecodeBarrier(record));
            position = cursor.NoteBefore;
        }
        seals.Reverse();
        barriers.Reverse();
        return (seals, barriers);
    }

    /// <summary>Looks for headers beyond a bad record that carry their own position: only those were written in this lap.</summary>
    private static long GreatestSyncedBeyond(LogFile file, LogSuperblock superblock, LogAnchor end, long limit)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ScanBytes);
        try
        {
            long synced = 0;
            Span<byte> magic = stackalloc byte[sizeof(uint)];
            MemoryMarshal.Write(magic, LogRecordHeader.ExpectedMagic);
            var last = Math.Min(limit, end.Position + superblock.WindowBytes + 2 * LogRecordHeader.Footprint(LogRecordHeader.MaxPayloadBytes));
            for (var start = end.Position; start + LogRecordHeader.Bytes <= last; start += ScanBytes - LogRecordHeader.Bytes)
            {
                var block = buffer.AsSpan(0, (int)Math.Min(ScanBytes, last - start));
                file.Read(start, block);
                for (var at = 0; at + LogRecordHeader.Bytes <= block.Length; at += LogRecordHeader.Alignment)
                {
                    var next = block[at..].IndexOf(magic);
                    if (next < 0)
                        break;
                    at = (at + next) & -LogRecordHeader.Alignment;
                    if (at + LogRecordHeader.Bytes <= block.Length
                        && LogRecordHeader.TryDecode(block[at..], out var header)
                        && header.Position == start + at
                        && header.VolumeTag == superblock.VolumeTag
                        && header.Sequence > end.Sequence)
                        synced = Math.Max(synced, header.Synced);
                }
            }
            return synced;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
