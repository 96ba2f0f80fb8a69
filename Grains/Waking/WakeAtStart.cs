using Microsoft.Extensions.Logging;

namespace Tidegate.Grains.Waking;

/// <summary>
/// Brings all wake shards to life when a silo has started: what a crash interrupted goes on within seconds, and not when the shard's
/// reminder comes round.
/// </summary>
internal sealed partial class WakeAtStart(IGrainFactory grains, ILogger<WakeAtStart> log) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int ParallelCalls = 8;

    /// <inheritdoc />
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe<WakeAtStart>(ServiceLifecycleStage.Active + 1, stop =>
    {
        // The silo does not wait for it, and starts without it as well.
        _ = WakeAsync(stop);
        return Task.CompletedTask;
    });

    private async Task WakeAsync(CancellationToken stop)
    {
        try
        {
            await Parallel.ForAsync(0, WakeShards.Count, new ParallelOptions { MaxDegreeOfParallelism = ParallelCalls, CancellationToken = stop },
                async (number, _) => await grains.GetGrain<IWakeShardGrain>(number).Wake());
        }
        catch (Exception failure)
        {
            LogNotWoken(failure);
        }
    }

    [LoggerMessage(113, LogLevel.Warning, "Not all wake shards could be called at the start; their reminders will")]
    private partial void LogNotWoken(Exception failure);
}
