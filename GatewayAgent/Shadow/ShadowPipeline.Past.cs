using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

// When writes go past the log, and what is dirty (design of the states).
internal sealed partial class ShadowPipeline
{
    private static readonly TimeSpan LongestWatchInterval = TimeSpan.FromSeconds(1);

    // After the disk under the store was full.
    private static readonly TimeSpan PassAgainAfter = TimeSpan.FromSeconds(30);

    private string _passedFor = "Writes went past the log when the agent stopped";

    private string PastReason => Volume.IsPast ? $"{_passedFor}; hosts' writes go to the local store alone until the service answers. " : "";

    /// <summary>Cancels the drain and says why when writes should go past the log.</summary>
    private async Task<string?> WatchAsync(CancellationTokenSource pass, CancellationToken cancellationToken)
    {
        var interval = _options.PassAfterStall / 4 < LongestWatchInterval ? _options.PassAfterStall / 4 : LongestWatchInterval;
        while (true)
        {
            await Task.Delay(interval, _time, cancellationToken);
            if (Volume.IsPast || _time.GetTimestamp() < Volatile.Read(ref _passNotBefore))
                continue;
            if (PassThroughRule.Reason(_options, _log.CapacityBytes, _log.End - _log.Committed.LogEnd, _isRoomWanted, StalledFor()) is not { } reason)
                continue;
            await StarterScheduler.CancelAsync(pass);
            return reason;
        }
    }

    /// <summary>How long data has waited with nothing moving.</summary>
    private TimeSpan StalledFor()
    {
        DateTimeOffset? waiting;
        lock (_gate)
            waiting = _drain is { } drain ? drain.WaitingSince : _detachedSince ?? OldestUncommitted(_log, _time);
        if (waiting is not { } since)
            return TimeSpan.Zero;
        var (waited, still) = (_time.GetUtcNow() - since, _time.GetElapsedTime(Volatile.Read(ref _movedAt)));
        return waited < still ? waited : still;
    }

    private void NoteMoved()
    {
        _isRoomWanted = false;
        Volatile.Write(ref _movedAt, _time.GetTimestamp());
    }

    private void NoteRoomWanted() => _isRoomWanted = true;

    /// <summary>Writes go past the log. Where they did before, and catching up failed, they stay there for a while.</summary>
    private async Task PassAsync(string reason, CancellationToken cancellationToken)
    {
        var wasCatchingUp = Volume.Dirty.IsTracking;
        lock (_gate)
            _passedFor = reason;
        if (!await Volume.PassAsync(cancellationToken))
        {
            ShadowLog.CannotPass(_logger, _service.VolumeId, Volume.Shortage);
            Volatile.Write(ref _passNotBefore, _time.GetTimestamp() + (long)(PassAgainAfter.TotalSeconds * _time.TimestampFrequency));
            return;
        }
        ShadowLog.Passes(_logger, _service.VolumeId, reason);
        if (!wasCatchingUp)
            return;
        var delay = Math.Min(_options.FirstCatchUpDelay.Ticks * Math.Pow(2, _fallbacks), _options.LongestCatchUpDelay.Ticks);
        _fallbacks = Math.Min(_fallbacks + 1, 20);
        await Task.Delay(TimeSpan.FromTicks((long)delay), _time, cancellationToken);
    }

    /// <summary>Throws when the dirty blocks are in a branch that is gone and was not published.</summary>
    private void RequireKnownBranch(AttachReply reply)
    {
        var dirty = Volume.Dirty;
        if (reply.Staging is null && dirty.IsTracking && dirty.Copied.Branch > 0 && reply.CommittedSequence <= dirty.BaseSequence)
            throw new UnknownBranchException("The service no longer has the branch that the dirty blocks were copied to");
    }

    /// <summary>Takes over what an attach says about the dirty blocks, before anything of the log is given up.</summary>
    private void NoteStanding(AttachReply reply)
    {
        var dirty = Volume.Dirty;
        if (reply.Staging is not { } standing)
        {
            dirty.End();
            return;
        }
        if (!dirty.IsTracking || standing.MainSequence < dirty.BaseSequence)
            dirty.Begin(Devices.DirtyReason.CameApart, standing.MainSequence, _time.GetUtcNow(), whole: true);
        dirty.NoteBranch(standing.Branch, standing.MainSequence);
    }
}
