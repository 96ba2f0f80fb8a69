using System.Threading.Channels;
using Tidegate.Client.Rest;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// Brings the newest desired configuration to the volumes, one at a time and apart from the link, so that opening a volume
/// never delays a heartbeat. A failed one is tried again until it applies or a newer one comes (M1.8).
/// </summary>
internal sealed partial class ConfigurationApplier(IGatewayVolumes volumes, StatusBoard board, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(30);
    private readonly Channel<GatewayConfiguration> _newest = Channel.CreateBounded<GatewayConfiguration>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Takes the place of whatever still waits.</summary>
    public void Offer(GatewayConfiguration configuration) => _newest.Writer.TryWrite(configuration);

    /// <summary>Applies until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var configuration = await _newest.Reader.ReadAsync(cancellationToken);
            for (var failures = 1; !await ApplyAsync(configuration, cancellationToken); failures++)
            {
                await WaitForNewerAsync(Backoff.After(failures, FirstRetry, MaxRetry), cancellationToken);
                if (_newest.Reader.TryRead(out var newer)) (configuration, failures) = (newer, 0);
            }
        }
    }

    private async Task<bool> ApplyAsync(GatewayConfiguration configuration, CancellationToken cancellationToken)
    {
        try
        {
            await volumes.ApplyAsync(configuration, cancellationToken);
            board.SetGatewayName(configuration.GatewayName);
            LogApplied(logger, configuration.Version, configuration.Volumes.Count);
            return true;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogNotApplied(logger, error, configuration.Version);
            return false;
        }
    }

    private async Task WaitForNewerAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_newest.Reader.WaitToReadAsync(done.Token).AsTask(), Task.Delay(atMost, time, done.Token));
        await done.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    [LoggerMessage(2130, LogLevel.Information, "Configuration {Version} with {Volumes} volumes is applied")]
    private static partial void LogApplied(ILogger logger, long version, int volumes);
    [LoggerMessage(2131, LogLevel.Error, "Configuration {Version} could not be applied; trying again")]
    private static partial void LogNotApplied(ILogger logger, Exception error, long version);
}
