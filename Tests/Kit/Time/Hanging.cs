namespace Tidegate.Tests.Kit.Time;

/// <summary>
/// The one limit of waits in tests: it is there against hanging and decides nothing else, so that it is far above what the slowest machine
/// takes.
/// </summary>
public static class Hanging
{
    /// <summary>After this a test that waits for an event has hung.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Waits for the event; throws when it has not come within <see cref="Limit"/>.</summary>
    public static Task OrHungAsync(this Task happening) => happening.WaitAsync(Limit);

    /// <summary>As above, with what it brings.</summary>
    public static Task<T> OrHungAsync<T>(this Task<T> happening) => happening.WaitAsync(Limit);
}
