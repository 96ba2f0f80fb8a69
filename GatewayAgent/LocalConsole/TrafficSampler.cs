namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>Takes the recorder's samples while the agent runs.</summary>
internal sealed class TrafficSampler(TrafficRecorder recorder, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TrafficRecorder.Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) recorder.Sample();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent ends.
        }
    }
}
