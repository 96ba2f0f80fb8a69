using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Silo.Link;

/// <summary>
/// Asks every two seconds, for each link that this silo holds, whether its certificate still counts, and ends the links
/// of revoked ones (M3.8). Every silo asks for its own, so a revocation is in force everywhere within five seconds.
/// </summary>
internal sealed partial class LinkRecheck(
    LinkConnections connections, RevokedCertificates revoked, IGrainFactory grains, TimeProvider time, ILogger<LinkRecheck> logger) : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            revoked.Trim();
            await Task.WhenAll(connections.Identities().Select(CheckAsync));
        }
    }

    private async Task CheckAsync(LinkIdentity identity)
    {
        try
        {
            if (await grains.GetGrain<IGatewayGrain>(identity.GatewayId).IsCertificateValid(identity.Thumbprint).WaitAsync(_period, time)) return;
            revoked.Add(identity.Thumbprint);
            var closed = connections.CloseCertificate(identity.Thumbprint, "its certificate was revoked");
            Revoked(logger, identity.GatewayId, closed);
        }
        catch (Exception error)
        {
            // A store that is away must not cut off every gateway; the next round asks again.
            Unknown(logger, identity.GatewayId, error.Message);
        }
    }

    [LoggerMessage(3004, LogLevel.Information, "Closed {Count} links of gateway {Gateway}: its certificate was revoked or has expired")]
    private static partial void Revoked(ILogger logger, string gateway, int count);

    [LoggerMessage(3005, LogLevel.Warning, "Whether the certificate of gateway {Gateway} still counts is not known: {Reason}")]
    private static partial void Unknown(ILogger logger, string gateway, string reason);
}
