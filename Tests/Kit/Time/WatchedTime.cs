using Microsoft.Extensions.Time.Testing;

namespace Tidegate.Tests.Kit.Time;

/// <summary>
/// Fake time that knows what waits for it. It moves when the tested code has come to a wait, and to the end of that wait: while the code
/// works, on whatever thread and however slowly, time stands still.
/// </summary>
public sealed class WatchedTime : FakeTimeProvider
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly HashSet<Wait> _waits = [];
    private TaskCompletionSource _begun = NewSignal();

    public WatchedTime()
    {
    }

    public WatchedTime(DateTimeOffset start)
        : base(start)
    {
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var wait = new Wait(this, callback);
        wait.Begin(dueTime, period);
        wait.Inner = base.CreateTimer(wait.Fire, state, dueTime, period);
        return wait;
    }

    /// <summary>
    /// Ends every wait of at most <paramref name="longest"/> as soon as it has begun, until the task has ended in any way. Longer ones, which
    /// are limits on what the code does meanwhile, are left alone.
    /// </summary>
    public Task RunWaitsAsync(Task until, TimeSpan longest) => RunWaitsAsync(() => until.IsCompleted, longest);

    /// <summary>As above, until the condition holds.</summary>
    public async Task RunWaitsAsync(Func<bool> until, TimeSpan longest)
    {
        ArgumentNullException.ThrowIfNull(until);
        var began = System.GetTimestamp();
        while (true)
        {
            var begun = Volatile.Read(ref _begun).Task;
            if (until()) return;
            if (System.GetElapsedTime(began) > Hanging.Limit) throw new TimeoutException("The code neither did what was expected nor waits for it.");
            if (NextEnd(longest) is { } left)
            {
                Advance(left);
                await Task.Yield();
                continue;
            }

            await begun.WaitAsync(Look).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends when the code waits for the moment that is so far away.</summary>
    public async Task WaitedForAsync(TimeSpan away)
    {
        while (true)
        {
            var begun = Volatile.Read(ref _begun).Task;
            var at = GetUtcNow() + away;
            lock (_gate)
            {
                if (_waits.Any(wait => wait.End == at)) return;
            }

            await begun.OrHungAsync();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TimeSpan? NextEnd(TimeSpan longest)
    {
        lock (_gate)
        {
            var ends = _waits.Where(wait => wait.Length <= longest).Select(wait => wait.End).ToList();
            // A wait that is over and did not end was armed while time moved: its end is a little later than it is thought to be.
            return ends.Count == 0 ? null : ends.Min() - GetUtcNow() is var left && left > TimeSpan.Zero ? left : Step;
        }
    }

    private sealed class Wait(WatchedTime time, TimerCallback callback) : ITimer
    {
        private TimeSpan _period;

        public ITimer? Inner { get; set; }

        public TimeSpan Length { get; private set; }

        public DateTimeOffset End { get; private set; }

        public void Begin(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._waits.Remove(this);
                _period = period;
                if (dueTime < TimeSpan.Zero) return;
                (Length, End) = (dueTime, time.GetUtcNow() + dueTime);
                time._waits.Add(this);
            }

            Interlocked.Exchange(ref time._begun, NewSignal()).SetResult();
        }

        public void Fire(object? state)
        {
            lock (time._gate)
            {
                // Whoever armed it anew meanwhile waits for the later end.
                if (_period > TimeSpan.Zero || End <= time.GetUtcNow()) Begin(_period > TimeSpan.Zero ? _period : Timeout.InfiniteTimeSpan, _period);
            }

            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Begin(dueTime, period);
            return Inner!.Change(dueTime, period);
        }

        public void Dispose()
        {
            Forget();
            Inner?.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Forget();
            return Inner?.DisposeAsync() ?? ValueTask.CompletedTask;
        }

        private void Forget()
        {
            lock (time._gate) time._waits.Remove(this);
        }
    }
}
