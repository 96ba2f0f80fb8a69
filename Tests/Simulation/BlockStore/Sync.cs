using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// Takes results of the product's asynchronous calls in a world where nothing waits: bucket and time are in memory, so every call has
/// ended when it returns, on this one thread. One that has not would make a seed mean different things.
/// </summary>
internal static class Sync
{
    internal static T Result<T>(Task<T> task) => Ended(task).GetAwaiter().GetResult();

    internal static T Result<T>(ValueTask<T> task) => Result(task.AsTask());

    internal static void Run(Task task) => Ended(task).GetAwaiter().GetResult();

    internal static void Run(ValueTask task) => Run(task.AsTask());

    internal static List<T> ToList<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        Run(CollectAsync(items, list));
        return list;
    }

    private static async Task CollectAsync<T>(IAsyncEnumerable<T> items, List<T> list)
    {
        await foreach (var item in items) list.Add(item);
    }

    private static TTask Ended<TTask>(TTask task)
        where TTask : Task =>
        task.IsCompleted ? task : throw new Violation("a call of the product waited for something outside the simulated world");
}
