using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Verification;

/// <summary>
/// Reads a write log from its tail to its end and checks every record (<c>docs/formats/write-log.md</c>, Rules 4), without changing it. Keeps
/// where the newest bytes of each sector are, for the comparison with the store.
/// </summary>
internal sealed class LogVerifier : IDisposable
{
    private readonly LogFile _file;
    private readonly Action<long> _progress;
    private long _reported;

    private LogVerifier(IDiskFile file, LogSuperblock superblock, Action<long> progress)
    {
        (_file, Superblock, _progress) = (new LogFile(file, superblock.CapacityBytes), superblock, progress);
        VolumeSizeBytes = superblock.VolumeSizeBytes;
    }

    public LogSuperblock Superblock { get; }

    /// <summary>Newest bytes by sector, as positions in the log.</summary>
    public Overlay Newest { get; } = new(int.MaxValue);

    public long Records { get; private set; }

    public long LogBytes { get; private set; }

    /// <summary>Where the log ends.</summary>
    public long End { get; private set; }

    /// <summary>Size of the volume as last recorded.</summary>
    public long VolumeSizeBytes { get; private set; }

    /// <summary>Throws <see cref="LogCorruptException"/> when there is no superblock to go by, or it is another volume's.</summary>
    public static LogVerifier Open(IDiskFile file, string volumeId, Action<long> progress)
    {
        try
        {
            var superblock = LogFile.ReadSuperblock(file) ?? throw new LogCorruptException(volumeId, "neither copy of its superblock is readable");
            if (superblock.VolumeId != volumeId) throw new LogCorruptException(volumeId, $"it belongs to volume '{superblock.VolumeId}'");
            if (file.SizeBytes < LogFile.DataStart + superblock.CapacityBytes)
                throw new LogCorruptException(volumeId, $"it is {file.SizeBytes} bytes long instead of {LogFile.DataStart + superblock.CapacityBytes}");
            return new LogVerifier(file, superblock, progress);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Checks every record that is kept. Throws <see cref="LogCorruptException"/> at the first damaged one.</summary>
    public void Check()
    {
        var applied = Superblock.Applied;
        var tail = Math.Min(applied.Position, Superblock.Committed.LogEnd);
        CheckApplied(tail, applied);
        // As a recovery does it, which tells damage from a torn tail.
        var (end, _) = LogRecovery.FindEnd(_file, Superblock, tail, Note);
        _ = LogRecovery.FindNotes(_file, Superblock, end, tail);
        End = end.Position;
    }

    /// <summary>Bytes of the log at a position that an entry of <see cref="Newest"/> named.</summary>
    public void ReadData(long position, Span<byte> buffer) => _file.Read(position, buffer);

    public void Dispose() => _file.Dispose();

    /// <summary>The records that the store has and the service may still want: they are all needed, none may be torn.</summary>
    private void CheckApplied(long tail, LogAnchor applied)
    {
        if (tail == applied.Position) return;
        using var cursor = new LogCursor(_file, Superblock.VolumeTag, Superblock.Generation, tail);
        while (cursor.Anchor.Position < applied.Position)
        {
            if (cursor.ReadNext(applied.Position) is { } fault)
                throw new LogCorruptException(Superblock.VolumeId, $"the record at position {cursor.Anchor.Position}, which waits for the service, cannot be read: {fault}");
            Note(cursor.Current);
        }
        if (cursor.Anchor.Sequence != applied.Sequence || cursor.Anchor.PreviousCrc != applied.PreviousCrc)
            throw new LogCorruptException(Superblock.VolumeId, $"the records before position {applied.Position} are not those that its superblock goes on from");
    }

    private void Note(LogRecord record)
    {
        Records++;
        LogBytes += record.End - record.Position;
        if (LogBytes - _reported >= 4 << 20) _progress(_reported = LogBytes);
        switch (record.Kind)
        {
            case LogRecordKind.Write: Newest.SetData(record.Offset, record.Length, record.DataPosition); break;
            case LogRecordKind.Resize: VolumeSizeBytes = Math.Max(VolumeSizeBytes, record.Length); break;
            case var _ when !record.IsNote: Newest.SetZero(record.Offset, record.Length, record.Position); break;
        }
    }
}
