namespace Tidegate.GatewayAgent.Uplink;

/// <summary>
/// A token bucket over all transfers of one direction (M1.10): its rate may change at any time and is looked at several times a second.
/// Volumes take slices in turn, so that each gets an equal share; within a volume the transfer that began first goes first, since a commit
/// needs the older segments. Thread-safe.
/// </summary>
/// <remarks>
/// Invariants: in any span of time at most rate × (span + <see cref="Burst"/>) bytes are granted; nothing is granted at rate 0; a flow stands
/// in the ring exactly while somebody of it waits.
/// </remarks>
internal sealed class TransferLimiter : IDisposable
{
    /// <summary>Most bytes of one grant, so that a new rate counts soon.</summary>
    public const int MaxSliceBytes = 256 << 10;

    /// <summary>What an idle uplink may save up.</summary>
    public static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(250);

    // A transfer that waits behind another loses its connection after some time: a slow uplink carries one at a time.
    private const long BytesPerSecondOfOneTransfer = 1 << 20;
    private const long SlicesPerSecond = 20;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _time;
    private readonly Func<DateTimeOffset, long?> _rateAt;
    private readonly Action<int>? _granted;
    private readonly Lock _gate = new();
    private readonly List<Flow> _ring = [];
    private readonly ITimer _timer;
    private int _next;
    private double _credit;
    private long _refilledAt;
    private long _turns;
    private volatile bool _isWaitedFor;

    /// <param name="time">The clock.</param>
    /// <param name="rateAt">Bytes a second at a time: null for unlimited, 0 for none. Called under a lock.</param>
    /// <param name="granted">Told of bytes that were let through while a limit was in force. Called under a lock.</param>
    public TransferLimiter(TimeProvider time, Func<DateTimeOffset, long?> rateAt, Action<int>? granted = null)
    {
        (_time, _rateAt, _granted) = (time, rateAt, granted);
        _refilledAt = time.GetTimestamp();
        _timer = time.CreateTimer(static limiter => ((TransferLimiter)limiter!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Bytes a second now.</summary>
    public long? Rate => _rateAt(_time.GetUtcNow());

    /// <summary>The pace of one volume.</summary>
    public TransferFlow NewFlow() => new Flow(this);

    /// <summary>Looks at the rate now: it was changed.</summary>
    public void Look()
    {
        lock (_gate) Grant();
    }

    public void Dispose() => _timer.Dispose();

    private ValueTask<int> WaitAsync(Flow flow, long turn, int bytes, CancellationToken cancellationToken)
    {
        if (!_isWaitedFor && Rate is null)
        {
            if (bytes == 0) lock (_gate) flow.Started++;
            return ValueTask.FromResult(Math.Min(bytes, MaxSliceBytes));
        }
        var waiter = new Waiter(bytes);
        lock (_gate)
        {
            if (!_ring.Contains(flow)) _ring.Add(flow);
            flow.Waiting.Enqueue(waiter, turn);
            Grant();
        }
        return new ValueTask<int>(waiter.WaitAsync(cancellationToken));
    }

    private void End(Flow flow)
    {
        lock (_gate)
        {
            flow.Started--;
            Grant();
        }
    }

    private void Grant()
    {
        var rate = Rate;
        var now = _time.GetTimestamp();
        if (rate is { } limit)
            _credit = Math.Min(_credit + limit * _time.GetElapsedTime(_refilledAt, now).TotalSeconds, limit * Burst.TotalSeconds);
        _refilledAt = now;
        var lookIn = LookInterval;
        for (var refused = 0; refused < _ring.Count;)
        {
            if (_next >= _ring.Count) _next = 0;
            var flow = _ring[_next];
            if (flow.DropAnswered() is not { } waiter)
            {
                _ring.RemoveAt(_next);
                continue;
            }
            var slice = SliceOf(waiter, rate);
            if (waiter.Bytes == 0 ? !MayStart(flow, rate) : rate == 0)
            {
                refused++;
                _next++;
                continue;
            }
            if (rate is { } full && _credit < slice)
            {
                // The one whose turn it is waits for the credit; whoever comes later does not overtake it.
                var missing = TimeSpan.FromSeconds((slice - _credit) / full) + TimeSpan.FromMilliseconds(1);
                if (missing < lookIn) lookIn = missing;
                break;
            }
            refused = 0;
            flow.Waiting.Dequeue();
            if (waiter.Answer(slice))
            {
                if (rate is not null)
                {
                    _credit -= slice;
                    _granted?.Invoke(slice);
                }
                if (waiter.Bytes == 0) flow.Started++;
                _next++;
            }
            if (flow.Waiting.Count == 0)
            {
                var at = _ring.IndexOf(flow);
                _ring.RemoveAt(at);
                if (at < _next) _next--;
            }
        }
        _isWaitedFor = _ring.Count > 0;
        _timer.Change(_isWaitedFor ? lookIn : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private static bool MayStart(Flow flow, long? rate) => rate is not { } limit || (limit > 0 && flow.Started < Math.Max(1, limit / BytesPerSecondOfOneTransfer));

    private static int SliceOf(Waiter waiter, long? rate) =>
        (int)Math.Min(waiter.Bytes, rate is { } limit ? Math.Clamp(limit / SlicesPerSecond, 1, MaxSliceBytes) : MaxSliceBytes);

    /// <summary>Who wants bytes, or with none to begin.</summary>
    private sealed class Waiter(int bytes)
    {
        private readonly TaskCompletionSource<int> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Bytes => bytes;

        public bool IsAnswered => _answer.Task.IsCompleted;

        public bool Answer(int granted) => _answer.TrySetResult(granted);

        public Task<int> WaitAsync(CancellationToken cancellationToken) => cancellationToken.CanBeCanceled ? WaitOrLeaveAsync(cancellationToken) : _answer.Task;

        private async Task<int> WaitOrLeaveAsync(CancellationToken cancellationToken)
        {
            await using var leaving = cancellationToken.UnsafeRegister(static (waiter, token) => ((Waiter)waiter!)._answer.TrySetCanceled(token), this);
            return await _answer.Task;
        }
    }

    private sealed class Flow(TransferLimiter limiter) : TransferFlow
    {
        public PriorityQueue<Waiter, long> Waiting { get; } = new();

        public int Started { get; set; }

        public override bool IsHeldBack
        {
            get { lock (limiter._gate) return DropAnswered() is not null; }
        }

        public override async ValueTask<ITransferTurn> BeginAsync(CancellationToken cancellationToken)
        {
            var turn = Interlocked.Increment(ref limiter._turns);
            await limiter.WaitAsync(this, turn, 0, cancellationToken);
            return new Turn(limiter, this, turn);
        }

        /// <summary>Who waits longest; null when nobody does.</summary>
        public Waiter? DropAnswered()
        {
            while (Waiting.TryPeek(out var first, out _))
            {
                if (!first.IsAnswered) return first;
                Waiting.Dequeue();
            }
            return null;
        }
    }

    private sealed class Turn(TransferLimiter limiter, Flow flow, long number) : ITransferTurn
    {
        private int _ended;

        public ValueTask<int> TakeAsync(int bytes, CancellationToken cancellationToken)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
            return limiter.WaitAsync(flow, number, bytes, cancellationToken);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0) limiter.End(flow);
        }
    }
}
