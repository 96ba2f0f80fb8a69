using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Volumes;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// A volume behind its write log: writes are appended and kept in an overlay, durable ones are applied to the local store
/// in the background (design of the write path; I1, I2). Flush and FUA sync the log alone.
/// </summary>
/// <remarks>
/// Lock order: <c>_order</c> (order of appends and of overlay entries, held ranges), then the log's and the overlay's own.
/// <c>_storeGate</c> keeps applying and hydration apart and is never held together with <c>_order</c>.
/// </remarks>
internal sealed partial class LoggedVolume : IBlockDevice
{
    /// <summary>Name of the local store in the volume's directory.</summary>
    public const string StoreFileName = "store.raw";
    private const int ResolveSectors = 256;

    private readonly Lock _order = new();
    private readonly Lock _storeGate = new();
    private readonly Lock _storeSyncing = new();
    private readonly RangeLock _ranges = new();
    private readonly LoggedVolumeOptions _options;
    private readonly Overlay _overlay;
    private readonly IDiskFile _store;
    private readonly IAbsentBlocks? _absent;
    private long _sizeBytes;
    private string _shortage = "";

    private LoggedVolume(LoggedVolumeOptions options, Log log, IDiskFile store, DirtyMap dirty, Overlay overlay)
    {
        (_options, Log, _store, _dirty, _overlay, _absent) = (options, log, store, dirty, overlay, options.AbsentBlocks);
        _storeSync = new GroupSync(SyncStoreOrStop, options.ApplyWorker ?? TaskScheduler.Default);
        _isPast = log.PassedSince is not null;
        _sizeBytes = log.VolumeSizeBytes;
        _ownApplyWorker = options.ApplyWorker is null ? new WorkerThread($"apply {options.Log.VolumeId}") : null;
        _applied = log.AppliedAnchor;
        log.RoomWanted += WantCheckpoint;
        log.Advanced += OnAdvanced;
        _applyTimer = options.Log.Time.CreateTimer(
            static volume => ((LoggedVolume)volume!).OnApplyTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _checkpointTimer = options.Log.Time.CreateTimer(
            static volume => ((LoggedVolume)volume!).OnCheckpointTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _applying = Task.Factory.StartNew(
            ApplyAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, options.ApplyWorker ?? _ownApplyWorker!).Unwrap();
    }

    /// <summary>True when the directory holds a complete volume.</summary>
    public static bool Exists(IDisk disk) => Log.Exists(disk);

    /// <summary>
    /// Makes a volume, durably. A store that is there already is taken over if it has the right size; any other is refused. All of an adopted one is
    /// dirty: the service has none of it.
    /// </summary>
    public static void Create(IDisk disk, LoggedVolumeOptions options)
    {
        if (options.SizeBytes <= 0 || !SectorSpan.IsAligned(0, options.SizeBytes))
            throw new ArgumentOutOfRangeException(nameof(options), options.SizeBytes, "A volume's size is a positive multiple of 4096 bytes.");
        using (var store = OpenStore(disk, options))
        {
            if (store.SizeBytes != 0 && store.SizeBytes != options.SizeBytes)
            {
                throw new IOException($"The store of volume '{options.Log.VolumeId}' is {store.SizeBytes} bytes, not {options.SizeBytes}: "
                    + "move it away, or create the volume with its size.");
            }
            if (store.SizeBytes == 0)
                store.SetSize(options.SizeBytes);
            store.SyncData();
        }
        using (var dirty = DirtyMap.Open(disk, options.Log.VolumeId, options.SizeBytes, mustTrack: false, TaskScheduler.Default))
        {
            if (options.AdoptedStore is not null)
                dirty.Begin(DirtyReason.Adopted, baseSequence: 0, options.Log.Time.GetUtcNow(), whole: true);
        }
        disk.SyncDirectory();
        Log.Create(disk, options.Log, options.SizeBytes, options.Start);
    }

    /// <summary>
    /// Recovers the volume and starts to serve it. Throws <see cref="LogCorruptException"/> when durable bytes are damaged:
    /// the volume is <c>Failed</c> and nothing was changed.
    /// </summary>
    public static LoggedVolume Open(IDisk disk, LoggedVolumeOptions options)
    {
        if (options.AdoptedStore is null && !disk.Exists(StoreFileName))
            throw new LogCorruptException(options.Log.VolumeId, $"its store '{StoreFileName}' is missing");
        var overlay = new Overlay(options.MaxOverlaySectors);
        var log = Log.Open(disk, options.Log, record => Remember(overlay, record));
        IDiskFile? store = null;
        DirtyMap? dirty = null;
        try
        {
            store = OpenStore(disk, options);
            // A size grows in the store first, so a shorter store is another one.
            if (store.SizeBytes < log.VolumeSizeBytes)
                throw new LogCorruptException(options.Log.VolumeId, $"its store is {store.SizeBytes} bytes instead of {log.VolumeSizeBytes}");
            dirty = OpenDirty(disk, options, log, store);
            return new LoggedVolume(options, log, store, dirty, overlay);
        }
        catch
        {
            dirty?.Dispose();
            store?.Dispose();
            log.Abandon();
            throw;
        }
    }

    /// <summary>The volume's write log: shadowing reads, seals, and trims it.</summary>
    public Log Log { get; }

    public long SizeBytes => Volatile.Read(ref _sizeBytes);

    public bool IsReadOnly => false;

    /// <summary>Sectors and zero ranges that the store does not have yet.</summary>
    public bool IsApplied => _overlay.IsEmpty;

    /// <summary>Why the volume stopped; null while it works. A stopped volume answers EIO to every change.</summary>
    public Exception? Failure => Log.Failure;

    /// <summary>What the volume lacks to go on for long, for people; empty while it lacks nothing.</summary>
    public string Shortage { get => Volatile.Read(ref _shortage); private set => Volatile.Write(ref _shortage, value); }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (IsPast)
            return new ValueTask(FlushStoreAsync(cancellationToken));
        var sync = Log.SyncAsync(answersHost: true);
        return sync.IsCompletedSuccessfully ? ValueTask.CompletedTask : WaitForSyncAsync(sync, cancellationToken);
    }

    /// <summary>Grows the volume: the store first, then the log, then everyone sees it. Shrinking is refused with EINVAL.</summary>
    public async Task GrowAsync(long sizeBytes, CancellationToken cancellationToken)
    {
        if (sizeBytes < SizeBytes || !SectorSpan.IsAligned(0, sizeBytes))
            throw new BlockDeviceException(DeviceError.Invalid, $"A volume of {SizeBytes} bytes cannot become {sizeBytes} bytes: sizes grow, by whole sectors.");
        if (sizeBytes == SizeBytes)
            return;
        try
        {
            _dirty.Grow(sizeBytes);
        }
        catch (DiskFaultException fault)
        {
            Log.Stop(fault);
            throw DeviceFaults.Translate(fault);
        }
        try
        {
            lock (_storeGate)
            {
                if (_store.SizeBytes < sizeBytes)
                    _store.SetSize(sizeBytes);
            }
            SyncStoreOrStop();
        }
        catch (DiskFaultException fault)
        {
            // A store that does not grow is what it was: the volume goes on with its size. Only a failed sync has stopped it.
            throw DeviceFaults.Translate(fault);
        }
        await Log.AppendResizeAsync(sizeBytes, cancellationToken);
        lock (_order)
            Volatile.Write(ref _sizeBytes, Math.Max(_sizeBytes, sizeBytes));
    }

    private static IDiskFile OpenStore(IDisk disk, LoggedVolumeOptions options) => options.AdoptedStore?.Invoke() ?? disk.Open(StoreFileName);

    /// <summary>What is dirty is durable before the log forgets why: a crash in between finds it again.</summary>
    private static DirtyMap OpenDirty(IDisk disk, LoggedVolumeOptions options, Log log, IDiskFile store)
    {
        var dirty = DirtyMap.Open(
            disk, options.Log.VolumeId, log.VolumeSizeBytes, mustTrack: log.PassedSince is not null, options.ApplyWorker ?? TaskScheduler.Default);
        try
        {
            var stamp = new StoreStamp(store.SizeBytes, store.ModifiedAt);
            if (log.IsChanged(stamp))
                dirty.Begin(DirtyReason.CameApart, baseSequence: 0, options.Log.Time.GetUtcNow(), whole: true);
            if (dirty.Reason == DirtyReason.Adopted && log.Committed is { Sequence: 0, LogEnd: 0 } && log.ResumesAt == 0)
                log.BeginWithGap();
            log.NoteStoreOpened(stamp);
            if (log.PassedSince is not null && dirty.IsStoreUnsynced)
                WriteAgain(store, dirty);
            return dirty;
        }
        catch
        {
            dirty.Dispose();
            throw;
        }
    }

    private static void Remember(Overlay overlay, LogRecord record)
    {
        if (record.Kind == LogRecordKind.Write)
            overlay.SetData(record.Offset, record.Length, record.DataPosition);
        else if (!record.IsNote)
            overlay.SetZero(record.Offset, record.Length, record.Position);
    }

    private async ValueTask WaitForSyncAsync(Task sync, CancellationToken cancellationToken)
    {
        try
        {
            await sync.WaitAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is not (BlockDeviceException or OperationCanceledException))
        {
            throw new BlockDeviceException(DeviceError.Io,
                $"Volume '{_options.Log.VolumeId}' could not make data durable and has stopped: {fault.Message}", fault);
        }
    }
}
