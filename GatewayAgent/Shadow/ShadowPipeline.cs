using Tidegate.BlockStore;
using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Moves one volume's write log to the service: attaches, drains under the epoch it got, attaches again when that ends
/// (<c>docs/protocols/volume-data.md</c>; M2.1, M2.4, M2.7). Nothing here can fail or delay a host's request; what the
/// service has not committed stays in the log.
/// </summary>
internal sealed partial class ShadowPipeline : IAsyncDisposable
{
    private readonly WriteLog.WriteLog _log;
    private readonly IVolumeService _service;
    private readonly IBlobTransport _blobs;
    private readonly SealWorkers _workers;
    private readonly INonceSource _nonces;
    private readonly ShadowOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ServiceCalls _calls;
    private readonly SealDeadline _deadline;
    private readonly CancellationTokenSource _stop = new();

    private readonly Lock _gate = new();
    private ShadowState _state = ShadowState.Stopped;
    private string _reason = "";
    private long _epoch;
    private EpochDrain? _drain;
    private BranchFill? _fill;
    private int _fallbacks;
    private long _movedAt;
    private long _passNotBefore;
    private volatile bool _isRoomWanted;
    private long _uploadedBytes;
    private long _committedSegments;
    private DateTimeOffset? _detachedSince;
    private TaskCompletionSource _changed = StarterScheduler.NewSource();
    private Task _running = Task.CompletedTask;

    /// <param name="log">The volume's recovered log; it outlives the pipeline.</param>
    /// <param name="service">The volume at the service.</param>
    /// <param name="blobs">Carries segments.</param>
    /// <param name="workers">Threads that seal.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">All waiting goes by it.</param>
    /// <param name="logger">For operators.</param>
    /// <param name="nonces">Draws segment nonces.</param>
    public ShadowPipeline(
        WriteLog.WriteLog log, IVolumeService service, IBlobTransport blobs, SealWorkers workers, ShadowOptions options,
        TimeProvider time, ILogger logger, INonceSource? nonces = null)
    {
        (_log, _service, _blobs, _workers, _options, _time, _logger) = (log, service, blobs, workers, options, time, logger);
        _nonces = nonces ?? RandomNonceSource.Instance;
        _calls = new ServiceCalls(time, options, NoteFailure);
        _deadline = new SealDeadline(options.Objective);
        _detachedSince = OldestUncommitted(log, time);
        _movedAt = _passNotBefore = time.GetTimestamp();
    }

    /// <summary>Raised once, on any thread, when the state is <c>Diverged</c> or <c>Failed</c>: the volume must stop serving.</summary>
    public event Action<ShadowState, string>? Ended;

    /// <summary>The volume: its writes go past the log when that leads nowhere, and its dirty blocks are copied when store and image have come apart.</summary>
    public required LoggedVolume Volume { get; init; }

    /// <summary>How old a recovery point may grow; a new one counts from the next look at the log.</summary>
    public TimeSpan Objective
    {
        get => _deadline.Objective;
        set
        {
            if (_deadline.Objective == value) return;
            _deadline.Objective = value;
            Nudge();
        }
    }

    /// <summary>The volume's share of the uplink.</summary>
    public ITransferPace Pace { get; init; } = Unpaced.Instance;

    /// <summary>Turns of fills, which the agent's volumes share.</summary>
    public required FillTurns Fills { get; init; }

    /// <summary>Starts to attach and drain.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_state != ShadowState.Stopped)
                throw new InvalidOperationException($"The shadowing of volume '{_service.VolumeId}' was started before.");
            _state = ShadowState.Attaching;
        }
        _running = StarterScheduler.RunAsync(() => RunAsync(_stop.Token));
    }

    /// <summary>Seals what is waiting at the next opportunity: called after a barrier was appended.</summary>
    public void Nudge()
    {
        EpochDrain? drain;
        lock (_gate)
            drain = _drain;
        drain?.Nudge();
    }

    /// <summary>The state now.</summary>
    public ShadowStatus Status
    {
        get
        {
            lock (_gate)
            {
                var committed = _log.Committed;
                var dirty = Volume.Dirty;
                var waiting = _drain is { } current ? current.WaitingSince : _detachedSince ?? OldestUncommitted(_log, _time);
                var behind = _drain is { } drain ? drain.IsBehind : waiting is not null || _log.Barriers.Count > 0;
                // What is dirty went by without the log: the service's image is from before that began.
                var since = dirty.IsTracking && (waiting is null || dirty.Since < waiting) ? dirty.Since : waiting;
                var age = (behind || dirty.IsTracking) && since is { } oldest ? _time.GetUtcNow() - oldest : TimeSpan.Zero;
                var backlog = behind && !Volume.IsPast ? _log.End - committed.LogEnd : 0;
                var copying = _fill?.Progress ?? (dirty.IsTracking ? new CopyProgress(0, dirty.DirtyBlocks * BlockGeometry.BlockBytes, null) : null);
                // All that is dirty waits for the publication, copied or not.
                var unpublished = copying is null ? 0 : Math.Max(copying.LeftBytes, BlockGeometry.BlockBytes);
                return new ShadowStatus(
                    Volume.IsPast && _state == ShadowState.Attaching ? ShadowState.PassThrough : _state, PastReason + _reason, _epoch, committed.Sequence,
                    backlog + unpublished, age > TimeSpan.Zero ? age : TimeSpan.Zero, _uploadedBytes, _committedSegments)
                { IsCatchingUp = _fill is not null, Copying = copying, DirtyReason = dirty.Reason };
            }
        }
    }

    /// <summary>
    /// Completes when the service has committed the log up to a position (the agent's half of <c>WaitDurable</c>). Fails when
    /// shadowing ends for good.
    /// </summary>
    public async Task WaitCommittedAsync(long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_log.Committed.LogEnd >= position)
                    return;
                if (_state is ShadowState.Diverged or ShadowState.Failed)
                    throw new InvalidOperationException($"Volume '{_service.VolumeId}' is {_state}: {_reason}");
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Completes when nothing that was written waits for the service. Fails when shadowing ends for good.</summary>
    public async Task WaitIdleAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
                changed = _changed.Task;
            var status = Status;
            if (status.BacklogBytes == 0)
                return;
            if (status.State is ShadowState.Diverged or ShadowState.Failed)
                throw new InvalidOperationException($"Volume '{_service.VolumeId}' is {status.State}: {status.Reason}");
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Stops uploading and waits for what is under way; the log keeps the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        await StarterScheduler.CancelAsync(_stop);
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = _calls.NewDelay();
        string? passing = null;
        _log.RoomWanted += NoteRoomWanted;
        while (!cancellationToken.IsCancellationRequested)
        {
            using var pass = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var watching = Task.FromResult<string?>(null);
            try
            {
                if (passing is not null)
                    await PassAsync(passing, cancellationToken);
                passing = null;
                watching = WatchAsync(pass, watch.Token);
                await DrainOnceAsync(delay, pass.Token);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (OperationCanceledException) when (pass.IsCancellationRequested)
            {
                passing = await watching;
                continue;
            }
            catch (UnknownBranchException error)
            {
                // The dirty blocks are in no image, and the log alone does not tell of them.
                passing = error.Message;
                continue;
            }
            catch (TidegateException error) when (error.Code == ErrorCodes.Diverged)
            {
                End(ShadowState.Diverged, error.Message);
                return;
            }
            catch (Exception error) when (error is LogCorruptException || _log.Failure is not null)
            {
                End(ShadowState.Failed, error.Message);
                return;
            }
            catch (Exception error)
            {
                // StaleEpoch and CommitRefused come here in the ordinary course: the answer to Attach decides what they mean.
                NoteFailure(error.Message);
                ShadowLog.EpochEnded(_logger, _service.VolumeId, error.Message, error is TidegateException ? null : error);
            }
            finally
            {
                await StarterScheduler.CancelAsync(watch);
                await ((Task)watching).ConfigureAwait(StarterScheduler.SuppressThrowing);
            }
            try
            {
                await Task.Delay(delay.Next(), _time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }
        _log.RoomWanted -= NoteRoomWanted;
        lock (_gate)
            _state = ShadowState.Stopped;
    }

    private async Task DrainOnceAsync(RetryDelay delay, CancellationToken cancellationToken)
    {
        var committed = _log.Committed;
        var (seals, resumesAt) = (_log.Seals, _log.ResumesAt);
        var request = new AttachRequest(
            _log.LastEpoch, committed.Sequence, committed.Digest, committed.LogEnd, _log.VolumeSizeBytes,
            [.. seals.Select(seal => new SealSummary(seal.Sequence, seal.First, seal.End, seal.Digest))])
        {
            // What the service has heard of and answered with a branch is not said again: it would give the branch up.
            StoreAtStop = resumesAt > 0 || _log.StoreAtStop == _log.StoreAtStart ? _log.StoreAtStop : null,
            StoreAtStart = _log.StoreAtStart,
            IsStoreChanged = resumesAt > 0,
            LogResumesAt = resumesAt > 0 ? resumesAt : null,
        };
        var reply = await _calls.UntilAnsweredAsync(stop => _service.AttachAsync(request, stop), cancellationToken);
        if (resumesAt > 0 && (reply.Staging is null || reply.CommittedLogEnd < resumesAt))
            throw new InvalidDataException($"The service goes on at {reply.CommittedLogEnd} of the log of volume '{_service.VolumeId}', whose store changed; the log resumes at {resumesAt}.");
        var sealedIn = seals.LastOrDefault(seal => seal.Sequence == reply.CommittedSequence)?.Epoch ?? committed.Epoch;
        // The next attach says by it that the branch is this log's, though nothing of the log may be in it yet.
        var epoch = Math.Max(sealedIn, reply.Staging?.Branch ?? 0);
        var tip = new CommittedPoint(reply.CommittedSequence, reply.CommittedLogEnd, reply.TipDigest, epoch);
        RequireKnownBranch(reply);
        await Volume.OnDirtyAsync(() => NoteStanding(reply));
        if (Volume.IsPast)
        {
            await Volume.ResumeAsync(tip, cancellationToken);
            ShadowLog.Logs(_logger, _service.VolumeId, tip.LogEnd, Volume.Dirty.DirtyBlocks);
        }
        else
        {
            _log.MarkCommitted(tip);
        }
        var context = new DrainContext(
            EpochSession.From(_service.VolumeId, reply), _log, _service, _blobs, _workers, _nonces, _options, _time, _calls)
        {
            Pace = Pace,
            Fills = Fills,
            Deadline = _deadline,
            Failed = NoteFailure,
            CountStored = bytes =>
            {
                NoteMoved();
                ShadowMetrics.UploadedBytes.Add(bytes);
                Interlocked.Add(ref _uploadedBytes, bytes);
            },
            Progressed = count =>
            {
                NoteMoved();
                delay.Reset();
                NoteProgress(count);
            },
        };
        await using var drain = new EpochDrain(context, tip);
        NoteMoved();
        lock (_gate)
            (_drain, _epoch, _state, _reason) = (drain, reply.Epoch, ShadowState.Draining, "");
        ShadowLog.Attached(_logger, _service.VolumeId, reply.Epoch, reply.CommittedSequence, _log.End - reply.CommittedLogEnd);
        try
        {
            if (reply.Staging is null)
                await drain.RunAsync(cancellationToken);
            else
                await FillAsync(context, drain, reply.Staging, cancellationToken);
        }
        finally
        {
            lock (_gate)
                (_drain, _epoch, _state, _detachedSince, _fill) = (null, 0, ShadowState.Attaching, drain.WaitingSince, null);
        }
    }

    /// <summary>Drains while everything is copied to a staging branch, and goes on when that is the volume.</summary>
    private async Task FillAsync(DrainContext context, EpochDrain drain, StagingStanding standing, CancellationToken cancellationToken)
    {
        ShadowLog.FillsBranch(_logger, _service.VolumeId, standing.Branch, standing.MainSequence, Volume.Dirty.DirtyBlocks);
        // Records that the branch does not have were marked when they were applied.
        if (!await Volume.ApplyThroughAsync(_log.Committed.LogEnd, cancellationToken))
            throw new IOException(Volume.Shortage);
        var fill = new BranchFill(context, Volume, standing);
        lock (_gate)
            _fill = fill;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var draining = drain.RunAsync(stop.Token);
        var filling = fill.RunAsync(drain.Nudge, stop.Token);
        try
        {
            await await Task.WhenAny(draining, filling);
            await Volume.OnDirtyAsync(Volume.Dirty.End);
            lock (_gate)
                (_fill, _fallbacks) = (null, 0);
            NoteProgress(0);
            ShadowLog.BranchPublished(_logger, _service.VolumeId, standing.Branch);
            await draining;
        }
        finally
        {
            await StarterScheduler.CancelAsync(stop);
            await Task.WhenAll(draining, filling).ConfigureAwait(StarterScheduler.SuppressThrowing);
        }
    }

    private void End(ShadowState state, string reason)
    {
        ShadowLog.Ended(_logger, _service.VolumeId, state, reason);
        TaskCompletionSource changed;
        lock (_gate)
        {
            (_state, _reason) = (state, reason);
            (changed, _changed) = (_changed, StarterScheduler.NewSource());
        }
        changed.TrySetResult();
        Ended?.Invoke(state, reason);
    }

    private void NoteProgress(int segments)
    {
        ShadowMetrics.CommittedSegments.Add(segments);
        TaskCompletionSource changed;
        lock (_gate)
        {
            _committedSegments += segments;
            _reason = "";
            (changed, _changed) = (_changed, StarterScheduler.NewSource());
        }
        changed.TrySetResult();
    }

    private void NoteFailure(string reason)
    {
        bool isNew;
        lock (_gate)
        {
            isNew = _reason != reason;
            _reason = reason;
        }
        if (isNew)
            ShadowLog.CallFailed(_logger, _service.VolumeId, reason);
    }

    /// <summary>Host clock at the first change that the service has not committed; null when there is none. Notes are few and skipped.</summary>
    private static DateTimeOffset? OldestUncommitted(WriteLog.WriteLog log, TimeProvider time)
    {
        var (first, end) = (log.Committed.LogEnd, log.DurableEnd);
        try
        {
            return first >= end ? null : log.Read(first, end).Where(static record => !record.IsNote).Select(static record => (DateTimeOffset?)record.HostTime).FirstOrDefault();
        }
        catch (IOException)
        {
            // Whoever asks how the volume is must hear it even when its disk does not answer: something waits, nobody knows since when.
            return time.GetUtcNow();
        }
    }
}
