using Tidegate.GatewayAgent.Devices;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>Group commit: one fdatasync serves everyone who asked before it began, and carries a new superblock when there is one.</summary>
internal sealed partial class WriteLog
{
    private const long MaxCallerSyncBytes = 512 << 10;
    /// <summary>How many pool threads may be inside a sync at once, over all logs: the pool must not run out.</summary>
    private static readonly int s_maxCallerSyncs = Math.Max(1, Environment.ProcessorCount / 2);
    private static int s_callerSyncs;
    private readonly TaskScheduler _worker;
    private readonly WorkerThread? _ownWorker;
    private readonly ITimer _timer;
    private static readonly byte[] Zeroes = new byte[1 << 20];
    private long _preparedEnd;
    private TaskCompletionSource? _advance;
    private SyncRound? _round;
    private bool _superblockChanged;
    private bool _syncing;
    private bool _timerArmed;

    /// <summary>Raised, on the worker, after the durable end has moved or the log has stopped.</summary>
    internal event Action? Advanced;

    /// <summary>Completes when everything appended before the call is durable. Fails when the disk does; then the volume has stopped.</summary>
    /// <param name="answersHost">
    /// True for callers who only send an answer then, without blocking: one thread goes on with all of them, since waking one for
    /// each cost more than the answers.
    /// </param>
    /// <remarks>A short sync may run on the caller's thread: handing it over and back costs more than it takes.</remarks>
    public Task SyncAsync(bool answersHost = false)
    {
        Task round;
        lock (_gate)
        {
            if (_failure is not null)
                return Task.FromException(_failure);
            var unsynced = _next.Position - _durable;
            if (unsynced == 0 && !_superblockChanged)
                return Task.CompletedTask;
            if (_syncing || unsynced > MaxCallerSyncBytes || _ownWorker is null || !TryEnterCallerSync())
                return JoinRound(answersHost);
            _syncing = true;
            round = JoinRound(answersHost);
        }
        try
        {
            RunSync();
        }
        finally
        {
            Interlocked.Decrement(ref s_callerSyncs);
        }
        return round;
    }

    /// <summary>Starts a sync on the worker; nobody waits for it.</summary>
    internal void StartSync()
    {
        lock (_gate)
        {
            if (_failure is null && (_next.Position != _durable || _superblockChanged))
                _ = JoinRound();
        }
    }

    /// <summary>
    /// Completes when the durable end has reached a position, which may lie beyond the end. It hurries nothing: what was
    /// appended becomes durable within <see cref="WriteLogOptions.SyncInterval"/> anyway.
    /// </summary>
    public async Task WaitDurableAsync(long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task advance;
            lock (_gate)
            {
                if (_durable >= position)
                    return;
                ThrowIfStopped();
                _advance ??= StarterScheduler.NewSource();
                advance = _advance.Task;
            }
            await advance.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Takes over what the service has committed: seals and barriers up to there are forgotten, and the space before it is
    /// free once applied and this is durable. Older news is ignored.
    /// </summary>
    public void MarkCommitted(CommittedPoint committed)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(committed.Digest.Length, LogSuperblock.MaxDigestBytes, nameof(committed));
        lock (_gate)
        {
            if (committed.Sequence < _superblock.Committed.Sequence || committed.LogEnd < _superblock.Committed.LogEnd)
                return;
            // What the service grants while writes go past the log is taken over when they are logged again.
            if (_superblock.PassedSince is not null && committed.LogEnd >= _superblock.ResumesAt)
                throw new InvalidOperationException($"Volume '{_options.VolumeId}' writes past its log; nothing after {_superblock.ResumesAt} can be committed.");
            TakeOver(committed);
            if (_failure is null)
                _ = JoinRound();
        }
    }

    /// <summary>Under the gate: what a save makes durable.</summary>
    private void TakeOver(CommittedPoint committed)
    {
        // Only durable records were ever sealed, so a commit beyond them is of another log.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(committed.LogEnd, _durable, nameof(committed));
        _superblock = _superblock with { Committed = committed, ResumesAt = committed.LogEnd < _superblock.ResumesAt ? _superblock.ResumesAt : 0 };
        _seals.RemoveAll(seal => seal.Sequence <= committed.Sequence || seal.First < committed.LogEnd);
        _barriers.RemoveAll(barrier => barrier.Position <= committed.LogEnd);
        _superblockChanged = true;
    }

    /// <summary>Moves P; the store must be synced through there. Completes when it is durable.</summary>
    internal Task MarkAppliedAsync(LogAnchor applied)
    {
        lock (_gate)
        {
            if (_failure is not null)
                return Task.FromException(_failure);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(applied.Position, _durable, nameof(applied));
            _superblock = _superblock with { Applied = applied };
            _superblockChanged = true;
            return JoinRound();
        }
    }

    /// <summary>Syncs what was appended and closes the file. Later calls fail with <see cref="DeviceError.ShuttingDown"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await SyncAsync();
        }
        catch (Exception) when (Failure is not null)
        {
            // The failure was given to everyone who waited for durability; closing goes on.
        }
        lock (_gate)
            Fail(new BlockDeviceException(DeviceError.ShuttingDown, $"Volume '{_options.VolumeId}' is being closed; connect again when the agent is back."));
        await Task.Factory.StartNew(static () => { }, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _worker);
        await _timer.DisposeAsync();
        _file.Dispose();
        _ownWorker?.Dispose();
    }

    /// <summary>Stops the log for good after a failure elsewhere in the volume: nothing is acknowledged any more.</summary>
    internal void Stop(Exception fault)
    {
        lock (_gate)
            Fail(fault);
    }

    /// <summary>Closes the file of a log that was opened but never used.</summary>
    internal void Abandon()
    {
        Stop(new BlockDeviceException(DeviceError.ShuttingDown, $"Volume '{_options.VolumeId}' could not be opened."));
        _timer.Dispose();
        _file.Dispose();
        _ownWorker?.Dispose();
    }

    /// <summary>Under the gate: true when the unsynced data calls for a sync now; else the timer sees to it.</summary>
    private bool NoteUnsynced()
    {
        if (_next.Position - _durable >= _options.SyncBytes)
            return !_syncing;
        if (!_timerArmed)
        {
            _timerArmed = true;
            _timer.Change(_options.SyncInterval, Timeout.InfiniteTimeSpan);
        }
        return false;
    }

    private void OnSyncTimer()
    {
        lock (_gate)
            _timerArmed = false;
        StartSync();
    }

    private static bool TryEnterCallerSync()
    {
        if (Interlocked.Increment(ref s_callerSyncs) <= s_maxCallerSyncs)
            return true;
        Interlocked.Decrement(ref s_callerSyncs);
        return false;
    }

    private Task JoinRound(bool answersHost = false)
    {
        _round ??= new SyncRound();
        if (!_syncing)
        {
            _syncing = true;
            QueueSync();
        }
        return answersHost ? _round.Answers : _round.Done;
    }

    private void QueueSync() => Task.Factory.StartNew(
        static log => ((WriteLog)log!).RunSync(), this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _worker);

    private void RunSync()
    {
        SyncRound? round;
        LogAnchor end;
        LogSuperblock? superblock = null;
        lock (_gate)
        {
            PrepareAhead(_next.Position);
            if (_failure is not null)
                return;
            round = Take(ref _round);
            end = _next;
            if (_superblockChanged)
            {
                _superblockChanged = false;
                superblock = _superblock = _superblock with { Counter = _superblock.Counter + 1, SyncedSequence = _durableSequence };
            }
        }
        try
        {
            if (superblock is not null)
                _file.WriteSuperblock(superblock);
            _file.SyncData();
        }
        catch (Exception fault)
        {
            lock (_gate)
            {
                _round ??= round;
                Fail(fault);
            }
            round?.Fail(fault);
            return;
        }
        Publish(end, superblock, round);
    }

    /// <summary>
    /// On the first lap the file's space is reserved but unwritten, so that every sync would commit the file system's journal,
    /// and wait for whatever else is in it. Writing zeroes ahead of small syncs pays for that once in many of them.
    /// </summary>
    private void PrepareAhead(long end)
    {
        var from = Math.Max(end, _preparedEnd);
        if (_failure is not null || from >= _file.CapacityBytes || end + Zeroes.Length / 4 <= _preparedEnd || end - _durable > Zeroes.Length / 4)
            return;
        try
        {
            var count = (int)Math.Min(Zeroes.Length, _file.CapacityBytes - from);
            _file.Write(from, Zeroes.AsSpan(0, count));
            _preparedEnd = from + count;
        }
        catch (Exception fault)
        {
            Fail(fault);
        }
    }

    private void Publish(LogAnchor end, LogSuperblock? superblock, SyncRound? round)
    {
        TaskCompletionSource? room;
        TaskCompletionSource? advance = null;
        lock (_gate)
        {
            var before = _durable;
            Volatile.Write(ref _durable, end.Position);
            _durableSequence = end.Sequence - 1;
            if (superblock is not null)
            {
                Volatile.Write(ref _applied, superblock.Applied.Position);
                Volatile.Write(ref _tail, TailOf(superblock, _options));
            }
            room = Take(ref _room);
            if (end.Position > before)
                advance = Take(ref _advance);
            if (_round is not null || _superblockChanged)
                QueueSync();
            else
                _syncing = false;
        }
        // The log's own thread has the next sync to see to.
        round?.Complete(onPool: TaskScheduler.Current == _ownWorker);
        room?.TrySetResult();
        advance?.TrySetResult();
        Advanced?.Invoke();
    }

    /// <summary>Under the gate: stops the log for good and lets everyone who waits know.</summary>
    private void Fail(Exception fault)
    {
        if (_failure is not null)
            return;
        Volatile.Write(ref _failure, fault);
        Take(ref _round)?.Fail(fault);
        Take(ref _room)?.TrySetResult();
        Take(ref _advance)?.TrySetResult();
        Task.Factory.StartNew(() => Advanced?.Invoke(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _worker);
    }
}
