using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.Tests.Kit.Disks;

/// <summary>
/// Runs tasks one at a time, on the caller's thread, in an order that a seed decides: every interleaving is reproducible.
/// </summary>
internal sealed class SeededScheduler(Random random) : TaskScheduler, IOrderedScheduler
{
    private readonly List<Task> _ready = [];

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>A digest of what was ready and what was picked at every step: the same for the same course of events.</summary>
    internal ulong Course { get; private set; }

    /// <summary>Starts work on this scheduler.</summary>
    internal Task Start(Func<Task> work) =>
        // Awaiting here keeps the end of the work on this scheduler, whatever its task is.
        Task.Factory.StartNew(async () => await work(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Runs one ready task; false when none is ready.</summary>
    internal bool RunOne()
    {
        Task task;
        lock (_ready)
        {
            if (_ready.Count == 0)
                return false;
            var pick = random.Next(_ready.Count);
            Course = unchecked((Course * 1_000_003) ^ (ulong)((_ready.Count << 16) + pick));
            task = _ready[pick];
            _ready[pick] = _ready[^1];
            _ready.RemoveAt(_ready.Count - 1);
        }
        // A test framework's context would be captured before the scheduler.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        TryExecuteTask(task);
        SynchronizationContext.SetSynchronizationContext(context);
        return true;
    }

    /// <summary>Moves time on, on this scheduler: what is due belongs to it.</summary>
    internal void Advance(FakeTimeProvider time, TimeSpan by)
    {
        var due = new Task(() => time.Advance(by));
        due.Start(this);
        lock (_ready)
            _ready.Remove(due);
        TryExecuteTask(due);
        due.GetAwaiter().GetResult();
    }

    /// <summary>Forgets everything: the machine that ran it is gone.</summary>
    internal void Clear()
    {
        lock (_ready)
            _ready.Clear();
    }

    protected override void QueueTask(Task task)
    {
        lock (_ready)
            _ready.Add(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_ready)
            return [.. _ready];
    }
}
