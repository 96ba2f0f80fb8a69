namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>Those who wait for one sync of the log.</summary>
internal sealed class SyncRound
{
    private readonly TaskCompletionSource _done = StarterScheduler.NewSource();
    private TaskCompletionSource? _answers;

    /// <summary>For whoever may go on for long: each continues by itself.</summary>
    public Task Done => _done.Task;

    /// <summary>For answers to hosts, given one after the other. Ask under the log's gate.</summary>
    public Task Answers => (_answers ??= new TaskCompletionSource()).Task;

    /// <summary>The sync succeeded. Gives the answers on this thread, or on one of the pool.</summary>
    public void Complete(bool onPool)
    {
        _done.TrySetResult();
        if (_answers is null)
            return;
        if (onPool)
            ThreadPool.UnsafeQueueUserWorkItem(static answers => answers.TrySetResult(), _answers, preferLocal: false);
        else
            _answers.TrySetResult();
    }

    /// <summary>The log has stopped. May be called under its gate, so answers are given elsewhere.</summary>
    public void Fail(Exception fault)
    {
        _done.TrySetException(fault);
        if (_answers is { } answers)
            Task.Factory.StartNew(() => answers.TrySetException(fault), CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current);
    }
}
