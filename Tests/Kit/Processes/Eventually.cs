using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>Waits for what another process does, where no event can be awaited. Inside one process, await the event instead.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Polls until <paramref name="condition"/> holds; throws with <paramref name="what"/> and the last exception otherwise.</summary>
    public static async Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan? within = null)
    {
        var limit = within ?? Hanging.Limit;
        var started = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Interval);
        Exception? last = null;
        do
        {
            try
            {
                if (await condition()) return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                last = e;
            }
            await timer.WaitForNextTickAsync();
        }
        while (TimeProvider.System.GetElapsedTime(started) < limit);
        throw new TimeoutException($"Not within {limit.TotalSeconds:F0} s: {what}", last);
    }
}
