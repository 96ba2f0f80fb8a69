using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>One run of something slow serves everyone who asked before it began. Safe for several threads.</summary>
/// <param name="sync">Blocks until what was done before it began is durable; throws when that failed.</param>
/// <param name="worker">Where it runs.</param>
internal sealed class GroupSync(Action sync, TaskScheduler worker)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _next;
    private bool _isRunning;

    /// <summary>Completes when a run that began after the call has ended; fails as it does.</summary>
    public Task JoinAsync()
    {
        lock (_gate)
        {
            _next ??= StarterScheduler.NewSource();
            if (!_isRunning)
            {
                _isRunning = true;
                Queue();
            }
            return _next.Task;
        }
    }

    private void Queue() => Task.Factory.StartNew(
        static group => ((GroupSync)group!).Run(), this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, worker);

    private void Run()
    {
        TaskCompletionSource round;
        lock (_gate)
            (round, _next) = (_next!, null);
        try
        {
            sync();
            round.TrySetResult();
        }
        catch (Exception fault)
        {
            round.TrySetException(fault);
        }
        lock (_gate)
        {
            if (_next is null)
                _isRunning = false;
            else
                Queue();
        }
    }
}
