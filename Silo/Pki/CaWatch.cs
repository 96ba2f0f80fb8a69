namespace Tidegate.Silo.Pki;

/// <summary>Follows what <c>Tidegate.Silo ca</c> changes in the state directory, within two seconds and without a restart.</summary>
internal sealed partial class CaWatch(CaStore store, TimeProvider time, ILogger<CaWatch> logger) : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period, time);
        var failed = "";
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (store.Reload()) Changed(logger, store.Manifest.Current.Thumbprint, store.Manifest.Authorities.Count);
                failed = "";
            }
            catch (Exception failure) when (failure is CaException or IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                // What was read last stays in force. Said once, not every two seconds.
                if (failed != failure.Message) NotRead(logger, failed = failure.Message);
            }
        }
    }

    [LoggerMessage(3012, LogLevel.Information, "The CAs changed: {Current} issues, {Count} are trusted")]
    private static partial void Changed(ILogger logger, string current, int count);

    [LoggerMessage(3013, LogLevel.Error, "The CAs cannot be read again, and stay as they were: {Reason}")]
    private static partial void NotRead(ILogger logger, string reason);
}
