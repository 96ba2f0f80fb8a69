using System.Text;
using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>
/// The write log of one volume: the order of its writes, what is durable of them, and which log ranges became segments
/// (<c>docs/formats/write-log.md</c>; I1, I3). Safe for several threads.
/// </summary>
/// <remarks>
/// Invariants: tail &lt;= applied watermark &lt;= durable end &lt;= end; nothing at or beyond the durable end is handed out; what
/// lies before the tail of a synced superblock may be overwritten, nothing else; after a failed call to the disk nothing is
/// written or acknowledged any more.
/// </remarks>
internal sealed partial class WriteLog : IAsyncDisposable
{
    /// <summary>Name of the log in the volume's directory.</summary>
    public const string FileName = "log";
    private const string NewFileName = "log.new";
    private const int GatherBytes = 64 << 10;

    private readonly Lock _gate = new();
    private readonly WriteLogOptions _options;
    private readonly LogFile _file;
    private readonly ulong _volumeTag;
    private readonly long _reserveBytes;
    private readonly long _windowBytes;
    private readonly byte[] _gather = GC.AllocateUninitializedArray<byte>(GatherBytes, pinned: true);
    private readonly List<SealDecision> _seals;
    private readonly List<BarrierPoint> _barriers;

    private LogAnchor _next;
    private long _durable;
    private long _durableSequence;
    private long _tail;
    private long _applied;
    private LogSuperblock _superblock;
    private Exception? _failure;

    private WriteLog(WriteLogOptions options, LogFile file, LogSuperblock superblock, LogAnchor end,
        List<SealDecision> seals, List<BarrierPoint> barriers)
    {
        _options = options;
        _file = file;
        _superblock = superblock;
        _volumeTag = superblock.VolumeTag;
        _reserveBytes = WriteLogOptions.ReserveBytes(superblock.CapacityBytes);
        _windowBytes = superblock.WindowBytes;
        _next = end with { Generation = superblock.Generation };
        (_durable, _durableSequence) = (end.Position, end.Sequence - 1);
        (_tail, _applied) = (TailOf(superblock, options), superblock.Applied.Position);
        (_seals, _barriers) = (seals, barriers);
        _ownWorker = options.Worker is null ? new WorkerThread($"log {options.VolumeId}") : null;
        _worker = options.Worker ?? _ownWorker!;
        _timer = options.Time.CreateTimer(static log => ((WriteLog)log!).OnSyncTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when the directory holds a log.</summary>
    public static bool Exists(IDisk disk) => disk.Exists(FileName);

    /// <summary>
    /// Makes an empty log, durably; whatever else the volume needs must be durable already, since a log that exists says that
    /// the volume is complete. Fails with <see cref="DiskFaultException"/> when its space cannot be reserved.
    /// </summary>
    /// <param name="disk">The volume's directory.</param>
    /// <param name="options">How it is kept.</param>
    /// <param name="volumeSizeBytes">Size of the volume.</param>
    /// <param name="start">Where the volume stands at the service, and so its first position; null for a volume that begins.</param>
    /// <param name="replaces">True when it takes the place of a log that is there, at once or not at all.</param>
    public static void Create(IDisk disk, WriteLogOptions options, long volumeSizeBytes, CommittedPoint? start = null, bool replaces = false)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.CapacityBytes % LogSuperblock.SlotBytes, 0, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(options.VolumeId), LogSuperblock.MaxVolumeIdBytes, nameof(options));
        if (!replaces && disk.Exists(FileName))
            throw new IOException($"Volume '{options.VolumeId}' has a write log already; open it, or remove the volume first.");
        disk.Delete(NewFileName);
        try
        {
            WriteNew(disk, options, volumeSizeBytes, start);
        }
        catch (DiskFaultException)
        {
            // Some file systems keep what they could reserve: a full disk would stay full for everybody else on it.
            disk.Delete(NewFileName);
            throw;
        }

        disk.Rename(NewFileName, FileName);
        disk.SyncDirectory();
    }

    private static void WriteNew(IDisk disk, WriteLogOptions options, long volumeSizeBytes, CommittedPoint? start)
    {
        using var file = disk.Open(NewFileName);
        file.Allocate(0, LogFile.DataStart + options.CapacityBytes);
        using var log = new LogFile(file, options.CapacityBytes);
        log.WriteSuperblock(new LogSuperblock
        {
            VolumeId = options.VolumeId,
            CapacityBytes = options.CapacityBytes,
            WindowBytes = options.MaxUnsyncedBytes,
            VolumeSizeBytes = volumeSizeBytes,
            Applied = LogAnchor.Start with { Position = start?.LogEnd ?? 0 },
            Committed = start ?? new CommittedPoint(0, 0, [], 0),
        });
        log.SyncData();
    }

    /// <summary>
    /// Recovers the log: every record from the applied watermark on is handed to <paramref name="replay"/> in order, then a
    /// new generation is made durable. Throws <see cref="LogCorruptException"/> when durable records are damaged.
    /// </summary>
    public static WriteLog Open(IDisk disk, WriteLogOptions options, Action<LogRecord>? replay = null)
    {
        if (!Exists(disk))
            throw new LogCorruptException(options.VolumeId, $"'{FileName}' is missing");
        var diskFile = disk.Open(FileName);
        try
        {
            var found = LogFile.ReadSuperblock(diskFile)
                ?? throw new LogCorruptException(options.VolumeId, "a copy of its superblock is damaged");
            if (found.VolumeId != options.VolumeId)
                throw new LogCorruptException(options.VolumeId, $"it belongs to volume '{found.VolumeId}'");
            if (diskFile.SizeBytes < LogFile.DataStart + found.CapacityBytes)
                throw new LogCorruptException(options.VolumeId,
                    $"it is {diskFile.SizeBytes} bytes long instead of {LogFile.DataStart + found.CapacityBytes}");
            var file = new LogFile(diskFile, found.CapacityBytes);
            var tail = TailOf(found, options);
            var sizeBytes = found.VolumeSizeBytes;
            var (end, unprovenFrom) = LogRecovery.FindEnd(file, found, tail, record =>
            {
                if (record.Kind == LogRecordKind.Resize)
                    sizeBytes = Math.Max(sizeBytes, record.Length);
                replay?.Invoke(record);
            });
            var (seals, barriers) = LogRecovery.FindNotes(file, found, end, tail);

            // What was read may be in the page cache alone, and so may its name; once it is relied on it must not vanish.
            disk.SyncDirectory();
            LogRecovery.Renew(file, unprovenFrom, end.Position);
            file.WriteSuperblock(found);
            file.SyncData();
            var superblock = found with
            {
                Counter = found.Counter + 1,
                Generation = found.Generation + 1,
                SyncedSequence = end.Sequence - 1,
                VolumeSizeBytes = sizeBytes,
            };
            file.WriteSuperblock(superblock);
            file.SyncData();
            return new WriteLog(options, file, superblock, end, seals, barriers);
        }
        catch
        {
            diskFile.Dispose();
            throw;
        }
    }

    /// <summary>Position where the next record goes.</summary>
    public long End { get { lock (_gate) return _next.Position; } }

    /// <summary>The durable frontier: records before it may be applied, sealed and promised.</summary>
    public long DurableEnd => Volatile.Read(ref _durable);

    /// <summary>Positions before this may be overwritten at any time.</summary>
    public long Tail => Volatile.Read(ref _tail);

    /// <summary>The durable applied watermark P: the local store is synced through here.</summary>
    public long AppliedEnd => Volatile.Read(ref _applied);

    /// <summary>Counts the opens of this log.</summary>
    public long Generation => _next.Generation;

    public long CapacityBytes => _file.CapacityBytes;

    /// <summary>Size of the volume as last recorded.</summary>
    public long VolumeSizeBytes { get { lock (_gate) return _superblock.VolumeSizeBytes; } }

    /// <summary>Where replay would start.</summary>
    internal LogAnchor AppliedAnchor { get { lock (_gate) return _superblock.Applied; } }

    /// <summary>What the service has committed, as last marked.</summary>
    public CommittedPoint Committed { get { lock (_gate) return _superblock.Committed; } }

    /// <summary>Epoch of the last segment this log sealed, or of the staging branch that it was granted since; 0 for none.</summary>
    public long LastEpoch { get { lock (_gate) return Math.Max(_seals.Count > 0 ? _seals[^1].Epoch : 0, _superblock.Committed.Epoch); } }

    /// <summary>Seal decisions after the committed segment, oldest first.</summary>
    public IReadOnlyList<SealDecision> Seals { get { lock (_gate) return [.. _seals]; } }

    /// <summary>Barriers after the committed log end, oldest first.</summary>
    public IReadOnlyList<BarrierPoint> Barriers { get { lock (_gate) return [.. _barriers]; } }

    /// <summary>The failure that stopped the log; null while it works.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>
    /// The durable records in [first, end), both record boundaries. The data of each is good until the next is asked for.
    /// The caller must know that the range is not trimmed meanwhile: it is not while it is not committed.
    /// </summary>
    public IEnumerable<LogRecord> Read(long first, long end)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, Tail);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, DurableEnd);
        return ReadChecked(first, end);
    }

    /// <summary>Copies payload bytes from a position inside a record (<see cref="LogRecord.DataPosition"/>), unchecked.</summary>
    public void ReadData(long position, Span<byte> buffer) => _file.Read(position, buffer);

    /// <summary>A reader that starts at a known place; its reads must stay below <see cref="DurableEnd"/>.</summary>
    internal LogCursor OpenCursor(LogAnchor anchor) => new(_file, _volumeTag, Generation, anchor);

    private IEnumerable<LogRecord> ReadChecked(long first, long end)
    {
        using var cursor = new LogCursor(_file, _volumeTag, Generation, first);
        while (cursor.Anchor.Position < end)
        {
            if (cursor.ReadNext(end) is { } fault)
                throw new LogCorruptException(_options.VolumeId, $"the durable record at position {cursor.Anchor.Position} cannot be read: {fault}");
            yield return cursor.Current;
        }
    }

    private static long TailOf(LogSuperblock superblock, WriteLogOptions options) => options.RetainUntilCommitted
        ? Math.Min(superblock.Applied.Position, superblock.Committed.LogEnd)
        : superblock.Applied.Position;
}
