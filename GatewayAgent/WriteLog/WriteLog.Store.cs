using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.WriteLog;

// What the log knows of the store beside it: whether somebody else changed it while the volume was stopped (docs/formats/write-log.md, Store).
internal sealed partial class WriteLog
{
    private const string StoreChangedBarrier = "store-changed";

    /// <summary>What the store was at the clean stop before this open; null when the end before was another.</summary>
    public StoreStamp? StoreAtStop { get; private set; }

    /// <summary>What the store was when it was opened; null unless <see cref="StoreAtStop"/> is known.</summary>
    public StoreStamp? StoreAtStart { get; private set; }

    /// <summary>
    /// Where the log goes on after a change of the store that the service has not heard of: what lies before and is not committed is given up. 0
    /// when there is none. Ends with <see cref="MarkCommitted"/> of a point at or after it, in one save.
    /// </summary>
    public long ResumesAt { get { lock (_gate) return _superblock.ResumesAt; } }

    /// <summary>
    /// Compares the store with what it was at the clean stop, and makes durable what that tells, before anything is written to it. Blocks; for
    /// whoever opens the log.
    /// </summary>
    internal void NoteStoreOpened(StoreStamp store)
    {
        if (_superblock.StoreAtStop is not { } stopped)
            return;
        (StoreAtStop, StoreAtStart) = (stopped, store);
        if (stopped != store)
        {
            lock (_gate)
                PutGap();
            SyncNow();
            lock (_gate)
                _superblock = _superblock with { ResumesAt = _next.Position };
        }
        lock (_gate)
            (_superblock, _superblockChanged) = (_superblock with { StoreAtStop = null }, true);
        SyncNow();
    }

    /// <summary>Since when writes go past the log, to the store alone; null while they are logged.</summary>
    public DateTimeOffset? PassedSince { get { lock (_gate) return _superblock.PassedSince; } }

    /// <summary>True when somebody else changed the store since the last clean stop, as it is found now.</summary>
    internal bool IsChanged(StoreStamp store) => _superblock.StoreAtStop is { } stopped && stopped != store;

    /// <summary>
    /// Sees to it that the end lies after all that is committed, so that whoever knows of a gap there is ahead of a service that does not. Durable
    /// when complete.
    /// </summary>
    internal async Task CloseForGapAsync()
    {
        lock (_gate)
        {
            ThrowIfStopped();
            PutGap();
        }
        await SyncAsync();
    }

    /// <summary>
    /// Writes go past the log from now on: all of it is applied, and the store synced, through its end, where it will resume. Durable when complete;
    /// call <see cref="CloseForGapAsync"/> before all is applied, and append nothing but notes afterwards.
    /// </summary>
    internal Task MarkPassedAsync(DateTimeOffset since)
    {
        lock (_gate)
        {
            if (_failure is not null)
                return Task.FromException(_failure);
            ArgumentOutOfRangeException.ThrowIfNotEqual(_superblock.Applied.Position, _next.Position, nameof(since));
            _superblock = _superblock with { PassedSince = since, ResumesAt = _next.Position };
            _superblockChanged = true;
            return JoinRound();
        }
    }

    /// <summary>
    /// The store is the volume through here and the service knows: it goes on at <paramref name="granted"/>, and writes are logged again. Durable
    /// when complete, in one save.
    /// </summary>
    internal Task MarkResumedAsync(CommittedPoint granted)
    {
        lock (_gate)
        {
            if (_failure is not null)
                return Task.FromException(_failure);
            ArgumentOutOfRangeException.ThrowIfLessThan(granted.LogEnd, _superblock.ResumesAt, nameof(granted));
            TakeOver(granted);
            _superblock = _superblock with { PassedSince = null };
            return JoinRound();
        }
    }

    /// <summary>
    /// A new log begins with a gap: the store has data that it never saw. Durable on return; blocks; for whoever opens the log.
    /// </summary>
    internal void BeginWithGap()
    {
        lock (_gate)
            PutGap();
        // One sync for both could leave the position without the record that ends there, and the next records would lie across it.
        SyncNow();
        lock (_gate)
            (_superblock, _superblockChanged) = (_superblock with { ResumesAt = _next.Position }, true);
        SyncNow();
    }

    /// <summary>Under the gate.</summary>
    private void PutGap()
    {
        if (_next.Position != _superblock.Committed.LogEnd)
            return;
        var body = LogNotes.EncodeBarrier(StoreChangedBarrier);
        Put(LogRecordKind.Barrier, 0, 0, body, Crc32C.Compute(body));
    }

    /// <summary>Notes what the store is now that nobody writes to it any more; durable when complete.</summary>
    internal Task NoteStopAsync(StoreStamp store)
    {
        lock (_gate)
        {
            if (_failure is not null)
                return Task.FromException(_failure);
            (_superblock, _superblockChanged) = (_superblock with { StoreAtStop = store }, true);
            return JoinRound();
        }
    }

    private void SyncNow()
    {
        lock (_gate)
            _syncing = true;
        RunSync();
        ThrowIfStopped();
    }
}
