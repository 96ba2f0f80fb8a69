using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.WriteLog;
using LogRecordKind = Tidegate.GatewayAgent.WriteLog.LogRecordKind;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Reads the durable log once, in order, and cuts it into ranges: decisions that the log holds already exactly as recorded,
/// then new ones by size, age, and always at snapshot barriers (<c>docs/protocols/volume-data.md</c>, Positions). A pure function
/// of the log but for where age cuts. One caller at a time, but <see cref="WaitingSince"/> may be read by any thread.
/// </summary>
/// <remarks>Invariant: every position before <see cref="Position"/> was handed out in a range or is in the open builder.</remarks>
internal sealed class SegmentCutter : IDisposable
{
    private readonly string _volumeId;
    private readonly WriteLog.WriteLog _log;
    private readonly EpochSession _session;
    private readonly ShadowOptions _options;
    private readonly SealDeadline _deadline;
    private readonly TimeProvider _time;
    private readonly Queue<SealDecision> _recorded;

    private SegmentBuilder _builder;
    private SegmentDigest _previous;
    private long _sequence;
    private long _openedAt;
    private long _changedAt;
    private TimeSpan _ageAtOpening;
    private bool _hasChanges;
    private string? _snapshotId;
    private DateTimeOffset _hostTimeStart;
    private DateTimeOffset _hostTimeEnd;
    private long _waitingSince = long.MaxValue;

    /// <summary>Continues after the committed segment with the decisions that follow it, oldest first.</summary>
    public SegmentCutter(
        string volumeId, WriteLog.WriteLog log, EpochSession session, ShadowOptions options, SealDeadline deadline, TimeProvider time, CommittedPoint committed)
    {
        (_volumeId, _log, _session, _options, _deadline, _time) = (volumeId, log, session, options, deadline, time);
        _recorded = new Queue<SealDecision>(log.Seals.Where(seal => seal.Sequence > committed.Sequence));
        _previous = new SegmentDigest(committed.Digest);
        _sequence = committed.Sequence;
        Position = committed.LogEnd;
        _builder = NewBuilder();
    }

    /// <summary>Everything before was read.</summary>
    public long Position { get; private set; }

    /// <summary>True when recorded decisions wait to be sealed again.</summary>
    public bool HasRecorded => _recorded.Count > 0;

    /// <summary>True when changes or a barrier were read that no range holds yet.</summary>
    public bool HasWaiting => _hasChanges || _snapshotId is not null;

    /// <summary>Host clock at the oldest change that no range holds yet; null for none.</summary>
    public DateTimeOffset? WaitingSince
    {
        get
        {
            var ticks = Volatile.Read(ref _waitingSince);
            return ticks == long.MaxValue ? null : new DateTimeOffset(ticks, TimeSpan.Zero);
        }
    }

    /// <summary>How long until age alone cuts what waits; null when nothing does.</summary>
    public TimeSpan? DueIn()
    {
        if (!_hasChanges)
            return null;
        var old = _deadline.Age - _ageAtOpening - _time.GetElapsedTime(_openedAt);
        var quiet = _deadline.Quiet - _time.GetElapsedTime(_changedAt);
        var left = old < quiet ? old : quiet;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>
    /// Reads on and returns the next range, or null when none is ready. Reads at most one segment's worth. With
    /// <paramref name="hurry"/> age does not matter: the log has no room.
    /// </summary>
    /// <exception cref="LogCorruptException">The log changed under a recorded decision, or cannot be read.</exception>
    public CutRange? TryCut(bool hurry)
    {
        if (_recorded.Count > 0)
            return CutRecorded();
        var durable = _log.DurableEnd;
        if (Position < durable && !IsFull && _snapshotId is null)
        {
            foreach (var record in _log.Read(Position, durable))
            {
                Feed(record);
                if (IsFull || _snapshotId is not null)
                    break;
            }
        }
        var isDue = _hasChanges && (hurry || DueIn() == TimeSpan.Zero);
        return IsFull || _snapshotId is not null || isDue ? Cut(null) : null;
    }

    public void Dispose() => _builder.Dispose();

    private bool IsFull => _hasChanges && (_builder.DataBytes >= _options.SegmentBytes || Position - _builder.LogStart >= _options.RangeBytes);

    private CutRange CutRecorded()
    {
        var recorded = _recorded.Dequeue();
        if (recorded.First != Position || recorded.Sequence != _sequence + 1)
            throw new LogCorruptException(_volumeId, $"seal {recorded.Sequence} of [{recorded.First}, {recorded.End}) does not follow seal {_sequence} ending at {Position}");
        foreach (var record in _log.Read(recorded.First, recorded.End))
            Feed(record);
        return Cut(recorded);
    }

    /// <summary>Gives a builder what a record changes; notes change nothing.</summary>
    public static void Feed(SegmentBuilder builder, LogRecord record)
    {
        switch (record.Kind)
        {
            case LogRecordKind.Write:
                builder.Write(record.Offset, record.Data.Span);
                break;
            case LogRecordKind.Discard:
                builder.Discard(record.Offset, record.Length);
                break;
            case LogRecordKind.Zeroes:
                builder.Zero(record.Offset, record.Length);
                break;
        }
    }

    private void Feed(LogRecord record)
    {
        Feed(_builder, record);
        if (record.Kind == LogRecordKind.Barrier)
            _snapshotId = LogNotes.DecodeBarrier(record).SnapshotId;
        if (!record.IsNote)
        {
            if (!_hasChanges)
            {
                (_hasChanges, _openedAt, _hostTimeStart) = (true, _time.GetTimestamp(), record.HostTime);
                // It may have waited in the log; a clock that was set back says nothing.
                var age = _time.GetUtcNow() - record.HostTime;
                _ageAtOpening = age > TimeSpan.Zero ? age : TimeSpan.Zero;
                Volatile.Write(ref _waitingSince, record.HostTime.UtcTicks);
            }
            _hostTimeEnd = record.HostTime;
            _changedAt = _time.GetTimestamp();
        }
        Position = record.End;
    }

    private SegmentBuilder NewBuilder() => new(_session.Key, Position, _session.DigestKey);

    private CutRange Cut(SealDecision? recorded)
    {
        var digest = _builder.ComputeDigest(_previous, _sequence + 1, Position);
        if (recorded is not null && !digest.Bytes.SequenceEqual(recorded.Digest))
            throw new LogCorruptException(_volumeId, $"the records in [{recorded.First}, {recorded.End}) are not those that seal {recorded.Sequence} was decided for");
        if (!_hasChanges)
            _hostTimeStart = _hostTimeEnd = _time.GetUtcNow();
        var decision = recorded ?? new SealDecision(_sequence + 1, _builder.LogStart, Position, digest.ToArray(), _session.Epoch);
        var cut = new CutRange(decision, recorded is not null, _previous, _builder, _snapshotId is null ? [] : [_snapshotId], _hostTimeStart, _hostTimeEnd);
        _builder = NewBuilder();
        (_previous, _sequence) = (digest, _sequence + 1);
        (_hasChanges, _snapshotId) = (false, null);
        Volatile.Write(ref _waitingSince, long.MaxValue);
        return cut;
    }
}
