namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>
/// Starts work on the scheduler that its starter runs on: the pool in a process that serves, and a seeded one in a simulation, where the order of all work
/// follows from a seed.
/// </summary>
internal static class StarterScheduler
{
    /// <summary>For awaiting what may have failed without leaving the scheduler.</summary>
    internal const ConfigureAwaitOptions SuppressThrowing = ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    /// <summary>
    /// A source whose continuations never run on the stack of who completes it. An ordered scheduler sees to that itself, and combinations of such sources
    /// would complete on the pool, behind its back.
    /// </summary>
    internal static TaskCompletionSource NewSource() =>
        TaskScheduler.Current is IOrderedScheduler ? new() : new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal static Task RunAsync(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();

    internal static Task RunAsync(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current);

    /// <summary>Cancels without running anybody's continuation on the caller's stack.</summary>
    internal static Task CancelAsync(CancellationTokenSource source) =>
        TaskScheduler.Current is IOrderedScheduler ? RunAsync(source.Cancel) : source.CancelAsync();
}
