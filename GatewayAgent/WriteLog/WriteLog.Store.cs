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
            // A position after all that is committed: whoever knows of the gap is ahead of a service that does not.
            if (_next.Position == _superblock.Committed.LogEnd)
            {
                var body = LogNotes.EncodeBarrier(StoreChangedBarrier);
                lock (_gate)
                    Put(LogRecordKind.Barrier, 0, 0, body, Crc32C.Compute(body));
                SyncNow();
            }
            lock (_gate)
                _superblock = _superblock with { ResumesAt = _next.Position };
        }
        lock (_gate)
            (_superblock, _superblockChanged) = (_superblock with { StoreAtStop = null }, true);
        SyncNow();
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
