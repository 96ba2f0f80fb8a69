using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Drains the log under one epoch: cuts, seals and uploads several segments at once, in any order, and commits the contiguous
/// prefix (I3), all of it that is stored by the time the commit before is answered. It ends by an exception: cancelled, or an error that only
/// a new attach can resolve.
/// </summary>
/// <remarks>
/// Invariants: decisions enter the log in sequence order; uploads stand in sequence order and the first one's sequence is the
/// committed one plus one; one commit is under way at most; nothing is marked committed that the service did not report.
/// </remarks>
internal sealed class EpochDrain : IAsyncDisposable
{
    private const int WakeBytes = 1 << 20;
    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(50);

    private readonly DrainContext _context;
    private readonly SegmentCutter _cutter;
    private readonly Queue<SegmentUpload> _uploads = new();
    private readonly Action _hurry;
    private readonly RetryDelay _ticketDelay;
    private Task _decided = Task.CompletedTask;
    private volatile TaskCompletionSource _nudged = StarterScheduler.NewSource();
    private volatile bool _noRoom;
    private volatile bool _isCutting;
    private long _oldestUpload = long.MaxValue;

    public EpochDrain(DrainContext context, CommittedPoint committed)
    {
        _context = context;
        _ticketDelay = context.Calls.NewDelay();
        _cutter = new SegmentCutter(
            context.Service.VolumeId, context.Log, context.Session, context.Options, context.Deadline, context.Time, committed);
        _hurry = () =>
        {
            _noRoom = true;
            Nudge();
        };
        context.Log.RoomWanted += _hurry;
    }

    /// <summary>Host clock at the oldest change that is not committed; null when all is.</summary>
    public DateTimeOffset? WaitingSince => Volatile.Read(ref _oldestUpload) is var ticks and not long.MaxValue
        ? new DateTimeOffset(ticks, TimeSpan.Zero)
        : _cutter.WaitingSince;

    /// <summary>True when the log holds changes that are not committed.</summary>
    public bool IsBehind => _isCutting || _uploads.Count > 0 || _cutter.HasWaiting || _context.Log.End > _cutter.Position;

    /// <summary>Looks at the log now: a barrier was appended, or somebody waits.</summary>
    public void Nudge() => _nudged.TrySetResult();

    /// <summary>Drains until cancelled or until this epoch cannot go on.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Task<CommitReply>? commit = null;
        while (true)
        {
            // Taken before looking, so that a nudge during the look is not lost.
            var nudged = _nudged = StarterScheduler.NewSource();
            await CutAsync(cancellationToken);
            foreach (var upload in _uploads)
            {
                if (upload.Stored.IsFaulted || upload.Stored.IsCanceled)
                    await upload.Stored;
            }
            if (commit is { IsCompleted: true })
            {
                await FinishAsync(commit, cancellationToken);
                commit = null;
            }
            commit ??= TryCommit(cancellationToken);
            // The last note of a drained log is read after its last commit: whoever waits for the end learns it here.
            if (!IsBehind)
                _context.Progressed(0);
            if (commit is not { IsCompleted: true })
                await WaitForWorkAsync(commit, nudged.Task, cancellationToken);
        }
    }

    /// <summary>Waits for everything under way to end, then gives memory and the key back.</summary>
    public async ValueTask DisposeAsync()
    {
        _context.Log.RoomWanted -= _hurry;
        // A decision that is still waiting for room must not enter the log behind those of the next epoch.
        await _decided.ConfigureAwait(StarterScheduler.SuppressThrowing);
        foreach (var upload in _uploads)
            await upload.DisposeAsync();
        _cutter.Dispose();
        _context.Session.Dispose();
    }

    private async Task CutAsync(CancellationToken cancellationToken)
    {
        // A range that left the cutter and is not among the uploads yet still waits.
        _isCutting = true;
        try
        {
            await CutAllAsync(cancellationToken);
        }
        finally
        {
            _isCutting = false;
        }
    }

    private async Task CutAllAsync(CancellationToken cancellationToken)
    {
        while (HasSlot() && HasWork())
        {
            var cut = await _context.Workers.RunAsync(() => _cutter.TryCut(_noRoom), cancellationToken);
            if (cut is null)
                return;
            _noRoom = false;
            if (!cut.IsRecorded)
            {
                try
                {
                    await _decided;
                }
                catch
                {
                    cut.Builder.Dispose();
                    throw;
                }
                _decided = _context.Log.AppendSealAsync(cut.Decision, cancellationToken);
            }
            if (_uploads.Count == 0)
                Volatile.Write(ref _oldestUpload, cut.HostTimeStart.UtcTicks);
            _uploads.Enqueue(new SegmentUpload(_context, cut, _decided, cancellationToken));
        }
    }

    /// <summary>What is stored holds no memory to speak of and waits for its commit; what is not holds its bytes.</summary>
    private bool HasSlot() => _uploads.Count < _context.Options.MaxUncommitted
        && _uploads.Count(static upload => !upload.Stored.IsCompletedSuccessfully) < _context.Options.MaxInFlight;

    private bool HasWork() => _cutter.HasRecorded || _cutter.HasWaiting || _context.Log.DurableEnd > _cutter.Position;

    private Task<CommitReply>? TryCommit(CancellationToken cancellationToken)
    {
        var segments = _uploads.Take(CommitRequest.MaxSegments).TakeWhile(static upload => upload.Stored.IsCompletedSuccessfully)
            .Select(static upload => upload.ToCommit()).ToList();
        if (segments.Count == 0)
            return null;
        var request = new CommitRequest(_context.Session.Epoch, segments);
        return _context.Calls.UntilAnsweredAsync(stop => _context.Service.CommitAsync(request, stop), cancellationToken);
    }

    private async Task FinishAsync(Task<CommitReply> commit, CancellationToken cancellationToken)
    {
        CommitReply reply;
        try
        {
            reply = await commit;
        }
        catch (TidegateException error) when (error.Code == ErrorCodes.TicketRefused)
        {
            _context.Failed(error.Message);
            await Task.Delay(_ticketDelay.Next(), _context.Time, cancellationToken);
            // One after the other: each holds its bytes again meanwhile.
            foreach (var upload in _uploads.TakeWhile(static upload => upload.Stored.IsCompletedSuccessfully).ToList())
                await upload.RenewAsync();
            return;
        }
        _ticketDelay.Reset();
        _context.Log.MarkCommitted(new CommittedPoint(reply.CommittedSequence, reply.CommittedLogEnd, reply.TipDigest, _context.Session.Epoch));
        if (_uploads.TryPeek(out var first) && first.Range.Decision.Sequence <= reply.CommittedSequence)
            _context.Deadline.Took(_context.Time.GetElapsedTime(first.CutAt));
        var count = 0;
        for (; _uploads.TryPeek(out var upload) && upload.Range.Decision.Sequence <= reply.CommittedSequence; count++)
            await _uploads.Dequeue().DisposeAsync();
        Volatile.Write(ref _oldestUpload, _uploads.TryPeek(out var oldest) ? oldest.Range.HostTimeStart.UtcTicks : long.MaxValue);
        _context.Progressed(count);
    }

    private async Task WaitForWorkAsync(Task? commit, Task nudged, CancellationToken cancellationToken)
    {
        using var waits = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = new List<Task> { nudged };
        events.AddRange(_uploads.Select(static upload => upload.Stored).Where(static stored => !stored.IsCompletedSuccessfully));
        // The first upload may have ended since it was looked at: with no commit under way that is work, not a wait.
        if (commit is not null)
            events.Add(commit);
        else if (_uploads.TryPeek(out var next))
            events.Add(next.Stored);
        if (HasSlot())
        {
            if (_cutter.DueIn() is { } due)
            {
                // Looking once in a while, or at once when much has come, keeps a host that flushes often from waking this each time.
                events.Add(_context.Log.WaitDurableAsync(_cutter.Position + WakeBytes, waits.Token));
                // A delay drops what is below a millisecond, and would be over before the age is reached.
                var look = TimeSpan.FromMilliseconds(Math.Ceiling(due.TotalMilliseconds));
                events.Add(Task.Delay(look < WakeInterval ? look : WakeInterval, _context.Time, waits.Token));
            }
            else
            {
                events.Add(_context.Log.WaitDurableAsync(_cutter.Position + 1, waits.Token));
            }
        }
        else
        {
            events.Add(Task.Delay(Timeout.InfiniteTimeSpan, _context.Time, waits.Token));
        }
        var first = await StarterScheduler.WhenAnyAsync(events);
        await StarterScheduler.CancelAsync(waits);
        cancellationToken.ThrowIfCancellationRequested();
        if (_context.Log.Failure is { } failure)
            throw new IOException($"The write log stopped: {failure.Message}", failure);
        // A failed upload or commit is looked at by the loop; a failed wait on the log was handled above.
        _ = first.Exception;
    }
}
