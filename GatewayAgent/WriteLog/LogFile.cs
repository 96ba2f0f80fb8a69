using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>The log's file by positions: where a position lies, and both superblock slots.</summary>
internal sealed class LogFile(IDiskFile file, long capacityBytes) : IDisposable
{
    internal const int DataStart = 2 * LogSuperblock.SlotBytes;

    internal long CapacityBytes => capacityBytes;

    internal void Write(long position, ReadOnlySpan<byte> data)
    {
        var place = position % capacityBytes;
        var first = (int)Math.Min(data.Length, capacityBytes - place);
        file.Write(DataStart + place, data[..first]);
        if (first < data.Length)
            file.Write(DataStart, data[first..]);
    }

    internal void Read(long position, Span<byte> buffer)
    {
        var place = position % capacityBytes;
        var first = (int)Math.Min(buffer.Length, capacityBytes - place);
        file.Read(DataStart + place, buffer[..first]);
        if (first < buffer.Length)
            file.Read(DataStart, buffer[first..]);
    }

    internal void WriteSuperblock(LogSuperblock superblock)
    {
        Span<byte> bytes = stackalloc byte[LogSuperblock.Bytes];
        superblock.Encode(bytes);
        file.Write(superblock.Slot * LogSuperblock.SlotBytes, bytes);
    }

    internal void SyncData() => file.SyncData();

    public void Dispose() => file.Dispose();

    /// <summary>
    /// The copy with the greater counter. Null when one of them is damaged: a sector is written whole or not at all, so no crash made it that, and
    /// the other copy may be the older one, whose watermark lies before space that was written over since. Throws <see cref="NewerLogException"/>.
    /// </summary>
    internal static LogSuperblock? ReadSuperblock(IDiskFile file)
    {
        if (file.SizeBytes < DataStart)
            return null;
        Span<byte> bytes = stackalloc byte[LogSuperblock.Bytes];
        file.Read(0, bytes);
        LogSuperblock.RefuseNewer(bytes);
        var first = LogSuperblock.Decode(bytes);
        file.Read(LogSuperblock.SlotBytes, bytes);
        LogSuperblock.RefuseNewer(bytes);
        var second = LogSuperblock.Decode(bytes);
        // Only a log that was never opened has a copy that was never written.
        return first is null ? null
            : second is null ? first.Counter == 0 && bytes.IndexOfAnyExcept((byte)0) < 0 ? first : null
            : first.Counter > second.Counter ? first : second;
    }
}
