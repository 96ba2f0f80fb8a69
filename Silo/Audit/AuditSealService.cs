using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Audit;

/// <summary>Seals the audit log in the background, every minute unless set otherwise.</summary>
internal sealed partial class AuditSealService(AuditSealer sealer, Readiness readiness, AuditOptions options, TimeProvider time, ILogger<AuditSealService> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(options.CheckpointSeconds), time, stoppingToken);
                if (readiness.IsReady) await SealAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops; the next one seals what is left.
        }
    }

    private async Task SealAsync(CancellationToken stop)
    {
        try
        {
            await sealer.SealAsync(stop);
        }
        catch (Exception failure) when (!stop.IsCancellationRequested)
        {
            LogFailed(failure);
        }
    }

    [LoggerMessage(1511, LogLevel.Warning, "The audit log could not be sealed; the next checkpoint will cover what is left")]
    private partial void LogFailed(Exception failure);
}
