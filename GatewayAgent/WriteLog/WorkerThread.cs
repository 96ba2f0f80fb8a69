namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>A scheduler with one thread of its own, for work that blocks in the kernel: syncs and applying.</summary>
internal sealed class WorkerThread : TaskScheduler, IDisposable
{
    private readonly Queue<Task> _work = new();
    private readonly Thread _thread;
    private bool _ending;

    public WorkerThread(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Lets the thread end once its queued work is done; does not wait, since a task of its own may call this.</summary>
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
            ObjectDisposedException.ThrowIf(_ending, this);
            _work.Enqueue(task);
            Monitor.Pulse(_work);
        }
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
}
