using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace Tidegate.Tests.Kit.Time;

/// <summary>Moves fake time until something has happened: the one driver of time in tests.</summary>
public static class FakeTimeDriving
{
    private const int MaxSteps = 200_000;

    /// <summary>Advances by <paramref name="step"/> again and again, letting continuations run in between, until the task has ended in any way.</summary>
    public static Task DriveAsync(this FakeTimeProvider time, Task until, TimeSpan step) =>
        time.DriveAsync(() => until.IsCompleted, step);

    /// <summary>
    /// Advances until the condition holds; fails after a bounded number of steps. A step of zero lets time stand still and waits for what runs
    /// on other threads; only whoever hangs meets that limit.
    /// </summary>
    public static async Task DriveAsync(this FakeTimeProvider time, Func<bool> until, TimeSpan step)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(until);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < MaxSteps || (step == TimeSpan.Zero && Stopwatch.GetElapsedTime(began) < Hanging.Limit); i++)
        {
            for (var turn = 0; turn < 20; turn++)
            {
                if (until())
                    return;
                await Task.Yield();
            }
            time.Advance(step);
        }
        throw new TimeoutException($"The condition did not hold after {MaxSteps} steps of {step}.");
    }
}
