using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// What a recovery finds that minds neither generation nor predecessor: whole records of an earlier generation, right behind the end of the log, are
/// made to follow it.
/// </summary>
internal static class StaleRecords
{
    internal static void Join(IDiskFile file)
    {
        if (LogFile.ReadSuperblock(file) is not { } superblock)
            return;
        var log = new LogFile(file, superblock.CapacityBytes);
        var limit = Math.Min(superblock.Applied.Position, superblock.Committed.LogEnd) + superblock.CapacityBytes;
        Span<byte> bytes = stackalloc byte[LogRecordHeader.Bytes];
        while (true)
        {
            using var cursor = new LogCursor(log, superblock.VolumeTag, superblock.Generation, superblock.Applied);
            while (cursor.ReadNext(limit) is null)
            {
            }
            var end = cursor.Anchor;
            if (end.Position + LogRecordHeader.Bytes > limit)
                return;
            log.Read(end.Position, bytes);
            if (!LogRecordHeader.TryDecode(bytes, out var stale) || stale.Position != end.Position || stale.VolumeTag != superblock.VolumeTag
                || stale.Generation >= superblock.Generation || stale.Sequence < end.Sequence)
                return;
            stale.Sequence = end.Sequence;
            stale.PreviousCrc = end.PreviousCrc;
            stale.PreviousNote = end.LastNote;
            stale.Generation = superblock.Generation;
            stale.Synced = Math.Min(stale.Synced, end.Sequence - 1);
            stale.Encode(bytes);
            log.Write(end.Position, bytes);
            using var again = new LogCursor(log, superblock.VolumeTag, superblock.Generation, end);
            if (again.ReadNext(limit) is not null)
                return;
        }
    }
}
