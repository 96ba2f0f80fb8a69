using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>Applying durable records to the store, and moving the applied watermark P once the store is synced.</summary>
internal sealed partial class LoggedVolume
{
    private const long SliceBytes = 8L << 20;
    private readonly WorkerThread? _ownApplyWorker;
    private readonly ITimer _applyTimer;
    private readonly ITimer _checkpointTimer;
    private readonly Task _applying;
    private TaskCompletionSource _wake = StarterScheduler.NewSource();
    private LogAnchor _applied;
    private bool _checkpointWanted;
    private bool _applyTimerArmed;
    private bool _checkpointTimerArmed;
    private bool _closing;

    /// <summary>
    /// Writes the sectors of a restored range for which <paramref name="isAbsent"/> (sector offset in bytes) still holds.
    /// Nothing newer is overwritten: applying and marking are excluded meanwhile. <see cref="SyncStore"/> makes it durable.
    /// </summary>
    internal void FillStore(long offset, ReadOnlySpan<byte> data, Predicate<long> isAbsent)
    {
        lock (_storeGate)
        {
            for (var at = 0; at < data.Length;)
            {
                var run = at;
                while (run < data.Length && isAbsent(offset + run))
                    run += SectorSpan.Bytes;
                if (run > at)
                    _store.Write(offset + at, data[at..run]);
                at = run + SectorSpan.Bytes;
            }
        }
    }

    /// <summary>Syncs the store; blocks. A failure stops the volume.</summary>
    internal void SyncStore()
    {
        try
        {
            SyncStoreOrStop();
        }
        catch (DiskFaultException fault)
        {
            throw DeviceFaults.Translate(fault);
        }
    }

    /// <summary>
    /// Syncs the store; a failure stops the volume, whoever asked: what that sync covered is lost, and no later one would say so. One at a time, since the
    /// kernel tells of a failure once.
    /// </summary>
    private void SyncStoreOrStop()
    {
        lock (_storeSyncing)
        {
            Log.ThrowIfStopped();
            try
            {
                _store.SyncData();
            }
            catch (DiskFaultException fault)
            {
                Log.Stop(fault);
                NoteUnsynced();
                throw;
            }
        }
    }

    /// <summary>Syncs and applies what was acknowledged, then closes: the next open has nothing to replay.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Log.SyncAsync();
        }
        catch (Exception) when (Log.Failure is not null)
        {
            // Everyone who waited for durability was told; what is left is closing.
        }
        lock (_order)
            _closing = true;
        WakeApply();
        await _applying;
        await EndPastAsync();
        await _applyTimer.DisposeAsync();
        await _checkpointTimer.DisposeAsync();
        await NoteStopAsync();
        await Log.DisposeAsync();
        _store.Dispose();
        _dirty.Dispose();
        _ownApplyWorker?.Dispose();
    }

    private async Task EndPastAsync()
    {
        await WaitPassedAsync();
        try
        {
            if (IsPast && Log.Failure is null)
                await _storeSync.JoinAsync();
        }
        catch (Exception) when (Log.Failure is not null)
        {
            // The volume has stopped, and says so.
        }
    }

    // Whoever changes the store from now on does it behind the volume's back, and the next open tells.
    private async Task NoteStopAsync()
    {
        try
        {
            if (Log.Failure is null && Log.AppliedEnd == Log.End)
                await Log.NoteStopAsync(new StoreStamp(_store.SizeBytes, _store.ModifiedAt));
        }
        catch (Exception) when (Log.Failure is not null)
        {
            // No clean stop, then.
        }
    }

    private void WakeApply()
    {
        TaskCompletionSource wake;
        lock (_order)
            wake = _wake;
        wake.TrySetResult();
    }

    private void WantCheckpoint()
    {
        lock (_order)
            _checkpointWanted = true;
        WakeApply();
    }

    private void OnAdvanced()
    {
        lock (_order)
        {
            var isUrgent = _progress is not null || _checkpointWanted || Log.Failure is not null
                || Log.DurableEnd - _applied.Position >= _options.ApplyBytes;
            if (!isUrgent)
            {
                if (!_applyTimerArmed)
                {
                    _applyTimerArmed = true;
                    _applyTimer.Change(_options.ApplyInterval, Timeout.InfiniteTimeSpan);
                }
                return;
            }
        }
        WakeApply();
    }

    private void OnApplyTimer()
    {
        lock (_order)
            _applyTimerArmed = false;
        WakeApply();
    }

    private void OnCheckpointTimer()
    {
        lock (_order)
            _checkpointTimerArmed = false;
        WantCheckpoint();
    }

    private async Task ApplyAsync()
    {
        try
        {
            while (Log.Failure is null)
            {
                Task wake;
                lock (_order)
                {
                    if (_wake.Task.IsCompleted)
                        _wake = StarterScheduler.NewSource();
                    wake = _wake.Task;
                }
                var applied = await ApplySliceAsync();
                bool checkpoint, closing;
                lock (_order)
                {
                    closing = _closing;
                    var pending = _applied.Position - Log.AppliedEnd;
                    checkpoint = pending > 0 && (_checkpointWanted || closing || pending >= _options.CheckpointBytes);
                    _checkpointWanted &= !checkpoint;
                }
                if (checkpoint)
                {
                    await CheckpointAsync();
                    SignalProgress();
                }
                if (applied || _applied.Position < Log.DurableEnd)
                    continue;
                if (closing)
                    return;
                ArmCheckpoint();
                await wake;
            }
        }
        catch (Exception fault)
        {
            Log.Stop(fault);
        }
        finally
        {
            SignalProgress();
        }
    }

    /// <summary>Applies some durable records; false when there are none. A full disk is waited out: the log keeps what it holds.</summary>
    private async Task<bool> ApplySliceAsync()
    {
        var end = Log.DurableEnd;
        if (_applied.Position >= end)
            return false;
        using var cursor = Log.OpenCursor(_applied);
        var sliceEnd = Math.Min(end, _applied.Position + SliceBytes);
        while (cursor.Anchor.Position < sliceEnd)
        {
            if (cursor.ReadNext(end) is { } fault)
                throw new LogCorruptException(_options.Log.VolumeId, $"durable record {cursor.Anchor.Sequence} cannot be applied: {fault}");
            try
            {
                Apply(cursor.Current, end);
            }
            catch (DiskFaultException full) when (DeviceFaults.IsNoSpace(full))
            {
                await WaitForSpaceAsync(full);
                return true;
            }
            lock (_order)
                _applied = cursor.Anchor;
            Shortage = "";
        }
        SignalProgress();
        return true;
    }

    private void Apply(LogRecord record, long batchEnd)
    {
        if (!record.IsNote)
            _dirty.Mark(record.Offset, record.Length);
        if (record.Kind == LogRecordKind.Write)
        {
            ApplyWrite(record, batchEnd);
        }
        else if (!record.IsNote)
        {
            lock (_storeGate)
            {
                _absent?.MarkWritten(record.Offset, record.Length);
                _store.PunchHole(record.Offset, record.Length);
            }
            _overlay.RemoveZero(record.Offset, record.Length, record.Position);
        }
    }

    /// <summary>
    /// Leaves out sectors that a later durable record replaces: it is applied before P passes either of them. One that is not
    /// durable yet may be lost, so it replaces nothing.
    /// </summary>
    private void ApplyWrite(LogRecord record, long batchEnd)
    {
        Span<long> entries = stackalloc long[ResolveSectors];
        for (var done = 0; done < record.Length;)
        {
            var sectors = (int)Math.Min(ResolveSectors, (record.Length - done) / SectorSpan.Bytes);
            var resolved = entries[..sectors];
            _overlay.Resolve((record.Offset + done) / SectorSpan.Bytes, resolved);
            for (var at = 0; at < sectors;)
            {
                var run = at;
                while (run < sectors && !IsReplaced(resolved[run], record.DataPosition + done + (long)run * SectorSpan.Bytes, batchEnd))
                    run++;
                if (run > at)
                {
                    var from = done + at * SectorSpan.Bytes;
                    var length = (run - at) * SectorSpan.Bytes;
                    lock (_storeGate)
                    {
                        _absent?.MarkWritten(record.Offset + from, length);
                        _store.Write(record.Offset + from, record.Data.Span.Slice(from, length));
                    }
                    _overlay.RemoveData(record.Offset + from, length, record.DataPosition + from);
                }
                at = run + 1;
            }
            done += sectors * SectorSpan.Bytes;
        }
    }

    private static bool IsReplaced(long entry, long own, long batchEnd) =>
        entry != Overlay.None && entry != own && Overlay.PositionOf(entry) is var position && position > own && position < batchEnd;

    private async Task CheckpointAsync()
    {
        SyncStoreOrStop();
        // Marks may want space as the store does; P waits for them.
        while (TrySyncMarks() is { } full)
        {
            NoteShortage(full);
            await PauseAsync();
        }
        await Log.MarkAppliedAsync(_applied);
    }

    private DiskFaultException? TrySyncMarks()
    {
        try
        {
            _absent?.SyncMarks();
            _dirty.Sync();
            return null;
        }
        catch (DiskFaultException full) when (DeviceFaults.IsNoSpace(full))
        {
            return full;
        }
    }

    private async Task WaitForSpaceAsync(DiskFaultException full)
    {
        NoteShortage(full);
        // Moving P frees log space even now.
        if (_applied.Position > Log.AppliedEnd)
            await CheckpointAsync();
        await PauseAsync();
    }

    private async Task PauseAsync()
    {
        await Task.Delay(_options.NoSpaceRetry, _options.Log.Time);
        Log.SetStall(null);
    }

    private void NoteShortage(DiskFaultException full)
    {
        Shortage = $"The disk under the volume is full: writes fail once its log of {Log.CapacityBytes >> 20} MiB is full too. Nothing acknowledged is lost. Free space on the disk.";
        Log.SetStall(new BlockDeviceException(DeviceError.NoSpace,
            $"The disk under volume '{_options.Log.VolumeId}' is full and its log has no room left; nothing acknowledged is lost. Free space on the disk.", full));
        SignalProgress();
        bool closing;
        lock (_order)
            closing = _closing;
        if (closing)
            throw full;
    }

    private void ArmCheckpoint()
    {
        lock (_order)
        {
            if (_checkpointTimerArmed || _applied.Position <= Log.AppliedEnd)
                return;
            _checkpointTimerArmed = true;
            _checkpointTimer.Change(_options.CheckpointInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private void SignalProgress()
    {
        TaskCompletionSource? progress;
        lock (_order)
        {
            progress = _progress;
            _progress = null;
        }
        progress?.TrySetResult();
    }
}
