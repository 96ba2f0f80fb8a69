using Tidegate.BlockStore;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// Writing past the log (design of the states, Entering and Leaving; <c>docs/formats/dirty-map.md</c>): the log is full or leads nowhere, so changes go to
/// the store alone, each after its blocks' dirty bits are durable; flush and FUA sync the store.
/// </summary>
/// <remarks>
/// Invariant: while changes go past the log it is applied, and the store synced, through its end; the overlay is empty. Transitions hold new changes
/// for as long as two syncs take, never those under way.
/// </remarks>
internal sealed partial class LoggedVolume
{
    private readonly DirtyMap _dirty;
    private readonly GroupSync _storeSync;
    private TaskCompletionSource? _held;
    private TaskCompletionSource? _passed;
    private int _passing;
    private bool _isPast;

    /// <summary>Which blocks the service may lack.</summary>
    internal DirtyMap Dirty => _dirty;

    /// <summary>True while changes go past the log.</summary>
    public bool IsPast => Volatile.Read(ref _isPast);

    /// <summary>
    /// Enters pass-through. Nobody may seal or commit meanwhile. False when the store cannot take what the log holds: then nothing has changed. Fails
    /// when the volume has stopped.
    /// </summary>
    internal async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        if (IsPast)
            return true;
        var time = _options.Log.Time;
        var committed = Log.Committed;
        var scanned = Log.DurableEnd;
        await OnDirtyAsync(() =>
        {
            _dirty.Begin(DirtyReason.PastLog, committed.Sequence, time.GetUtcNow());
            MarkRecords(committed.LogEnd, scanned);
        });
        // Most of the work comes before anybody has to wait for it.
        if (!await ApplyThroughAsync(scanned, cancellationToken))
            return false;
        Hold();
        try
        {
            await Log.CloseForGapAsync();
            var end = Log.End;
            await OnDirtyAsync(() => MarkRecords(scanned, end));
            if (!await ApplyThroughAsync(end, cancellationToken))
                return false;
            await OnDirtyAsync(_dirty.Sync);
            await Log.MarkPassedAsync(time.GetUtcNow());
            Volatile.Write(ref _isPast, true);
            return true;
        }
        finally
        {
            LetGo();
        }
    }

    /// <summary>Leaves pass-through: the service has granted where the log goes on, and what is dirty can be copied from now on.</summary>
    internal async Task ResumeAsync(CommittedPoint granted, CancellationToken cancellationToken)
    {
        // What the store owes by now is paid before anybody has to wait for it.
        await _storeSync.JoinAsync();
        Hold();
        try
        {
            await WaitPassedAsync().WaitAsync(cancellationToken);
            await FlushStoreAsync(CancellationToken.None);
            await Log.MarkResumedAsync(granted);
            Volatile.Write(ref _isPast, false);
        }
        finally
        {
            LetGo();
        }
    }

    private async Task FlushStoreAsync(CancellationToken cancellationToken)
    {
        Log.ThrowIfStopped();
        try
        {
            await _storeSync.JoinAsync().WaitAsync(cancellationToken);
            if (_absent is not null)
                await _absent.SettleAsync();
        }
        catch (DiskFaultException fault)
        {
            Log.Stop(fault);
            throw DeviceFaults.Translate(fault);
        }
    }

    /// <summary>
    /// Makes a change past the log; false when changes are logged, held, or the range is, by now.
    /// </summary>
    private async ValueTask<bool> TryPassAsync(LogRecordKind kind, long offset, long length, ReadOnlyMemory<byte> data, bool holdsRange)
    {
        RangeLock.Held? range;
        lock (_order)
        {
            if (!_isPast || _held is not null || (!holdsRange && _ranges.Obstacle(offset, length) is not null))
                return false;
            Log.ThrowIfStopped();
            // Also against changes of the same sectors that are under way: the last one to be acknowledged counts.
            range = holdsRange ? null : _ranges.Take(offset, length);
            _passing++;
        }
        try
        {
            await MarkDirtyAsync(offset, length);
            lock (_storeGate)
            {
                if (kind == LogRecordKind.Write)
                    _store.Write(offset, data.Span);
                else
                    _store.PunchHole(offset, length);
                _absent?.MarkStored(offset, length);
            }
            return true;
        }
        catch (DiskFaultException fault)
        {
            // A full disk is the host's to hear of, as it would be of the bare store; nothing else is.
            if (!DeviceFaults.IsNoSpace(fault))
                Log.Stop(fault);
            throw DeviceFaults.Translate(fault);
        }
        finally
        {
            EndPassing(range);
        }
    }

    private async Task MarkDirtyAsync(long offset, long length)
    {
        try
        {
            await _dirty.MarkAsync(offset, length);
        }
        catch (Exception fault)
        {
            Log.Stop(fault);
            throw new BlockDeviceException(DeviceError.Io,
                $"Volume '{_options.Log.VolumeId}' could not note what it is about to write and has stopped: {fault.Message}", fault);
        }
    }

    // The log does not hold what went past it, so that whoever opens the volume next must write it again.
    private void NoteUnsynced()
    {
        if (!IsPast)
            return;
        try
        {
            _dirty.NoteStoreUnsynced(true);
        }
        catch (DiskFaultException)
        {
            // Then the file system takes nothing any more, and forgets what it did not write when it is mounted again.
        }
    }

    /// <summary>Writes again what a failed sync of an earlier process may have left in the page cache alone: what is dirty, its holes too.</summary>
    private static void WriteAgain(IDiskFile store, DirtyMap dirty)
    {
        const int BlockBytes = BlockGeometry.BlockBytes;
        var buffer = new byte[BlockBytes];
        for (var block = dirty.NextDirty(0); block >= 0; block = dirty.NextDirty(block + 1))
        {
            var end = Math.Min((block + 1) * BlockBytes, store.SizeBytes);
            for (var at = block * BlockBytes; at < end;)
            {
                var (extent, isHole) = store.NextExtent(at);
                var length = (int)Math.Min(extent, end - at);
                if (isHole)
                {
                    store.PunchHole(at, length);
                }
                else
                {
                    store.Read(at, buffer.AsSpan(0, length));
                    store.Write(at, buffer.AsSpan(0, length));
                }
                at += length;
            }
        }
        store.SyncData();
        dirty.NoteStoreUnsynced(false);
    }

    private void EndPassing(RangeLock.Held? range)
    {
        TaskCompletionSource? passed = null;
        lock (_order)
        {
            if (range is not null)
                _ranges.Release(range);
            if (--_passing == 0)
                (passed, _passed) = (_passed, null);
        }
        passed?.TrySetResult();
    }

    private Task WaitPassedAsync()
    {
        lock (_order)
        {
            if (_passing == 0)
                return Task.CompletedTask;
            _passed ??= StarterScheduler.NewSource();
            return _passed.Task;
        }
    }

    private void Hold()
    {
        lock (_order)
            _held = StarterScheduler.NewSource();
    }

    private void LetGo()
    {
        TaskCompletionSource? held;
        lock (_order)
            (held, _held) = (_held, null);
        held?.TrySetResult();
    }

    /// <summary>Marks what the log changes in a range that is not trimmed.</summary>
    private void MarkRecords(long first, long end)
    {
        foreach (var record in Log.Read(first, end))
        {
            if (!record.IsNote)
                _dirty.Mark(record.Offset, record.Length);
        }
    }

    /// <summary>Completes when the store is synced through a durable position and P says so; false while the disk under the store is full.</summary>
    internal async Task<bool> ApplyThroughAsync(long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task progress;
            lock (_order)
            {
                Log.ThrowIfStopped();
                if (Log.AppliedEnd >= position)
                    return true;
                if (Shortage.Length > 0)
                    return false;
                _checkpointWanted = true;
                _progress ??= StarterScheduler.NewSource();
                progress = _progress.Task;
            }
            WakeApply();
            await progress.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Changes the dirty map where it may block; a failure stops the volume.</summary>
    internal async Task OnDirtyAsync(Action change)
    {
        try
        {
            await Task.Factory.StartNew(change, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _options.ApplyWorker ?? TaskScheduler.Default);
        }
        catch (Exception fault)
        {
            // Whatever it was: what is dirty is not known any more, and a writer that waits for room must not wait for ever.
            Log.Stop(fault);
            throw;
        }
    }
}
