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

    /// <summary>The first task to end. A delay that is cancelled would end <see cref="Task.WhenAny(IEnumerable{Task})"/> on the pool.</summary>
    internal static Task<Task> WhenAnyAsync(IReadOnlyCollection<Task> tasks)
    {
        if (TaskScheduler.Current is not IOrderedScheduler)
            return Task.WhenAny(tasks);
        var first = new TaskCompletionSource<Task>();
        foreach (var task in tasks)
            _ = EndedAsync(task, first);
        return first.Task;

        static async Task EndedAsync(Task task, TaskCompletionSource<Task> first)
        {
            await task.ConfigureAwait(SuppressThrowing);
            first.TrySetResult(task);
        }
    }
}
