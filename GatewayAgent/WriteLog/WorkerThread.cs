using System.Runtime.InteropServices;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>A scheduler with one thread of its own, for work that blocks in the kernel or takes long: syncs, applying, sealing.</summary>
internal sealed partial class WorkerThread : TaskScheduler, IDisposable
{
    private const int ThisThread = 0;
    private readonly Queue<Task> _work = new();
    private readonly Thread _thread;
    private readonly int _niceness;
    private bool _ending;

    /// <param name="name">Name of the thread.</param>
    /// <param name="niceness">0-19: how far the thread gives way to others when processors are short.</param>
    public WorkerThread(string name, int niceness = 0)
    {
        _niceness = niceness;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>No bound: work that waits leaves the thread to others, and Parallel.ForEachAsync would take a bound for how much may wait.</summary>
    public override int MaximumConcurrencyLevel => int.MaxValue;

    /// <summary>
    /// Lets the thread end once its queued work is done; does not wait, since a task of its own may call this. What comes afterwards, because somebody had
    /// given up waiting for it, runs on the pool.
    /// </summary>
    public void Dispose()
    {
        lock (_work)
        {
            _ending = true;
            Monitor.Pulse(_work);
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (_work)
        {
            if (!_ending)
            {
                _work.Enqueue(task);
                Monitor.Pulse(_work);
                return;
            }
        }
        ThreadPool.UnsafeQueueUserWorkItem(late => TryExecuteTask(late), task, preferLocal: false);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        Thread.CurrentThread == _thread && !taskWasPreviouslyQueued && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_work)
            return [.. _work];
    }

    private void Run()
    {
        // Linux has a priority for each thread. Giving way is no promise: should it fail, nothing is wrong.
        if (_niceness > 0)
            _ = SetPriority(ThisThread, ThisThread, _niceness);
        while (true)
        {
            Task task;
            lock (_work)
            {
                while (_work.Count == 0 && !_ending)
                    Monitor.Wait(_work);
                if (!_work.TryDequeue(out task!))
                    return;
            }
            TryExecuteTask(task);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int who, int niceness);
}
