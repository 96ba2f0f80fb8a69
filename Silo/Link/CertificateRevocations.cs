using Tidegate.Grains.Security;

namespace Tidegate.Silo.Link;

/// <summary>
/// Revokes for the whole cluster: durably in the state store, then by telling every silo to look at once. A silo that does not
/// hear it looks by itself within a second, or lets no agent in.
/// </summary>
internal sealed partial class CertificateRevocations(IRevocationStore store, IGrainFactory grains, ILogger<CertificateRevocations> logger) : ICertificateRevocations
{
    public async Task RevokeAsync(IReadOnlyList<RevokedCertificate> certificates)
    {
        ArgumentNullException.ThrowIfNull(certificates);
        if (certificates.Count == 0) return;
        await store.AddAsync(certificates, CancellationToken.None);
        // Whoever revokes waits for what is durable, not for a silo that may be dying.
        _ = Task.Run(TellAsync);
    }

    private async Task TellAsync()
    {
        try
        {
            await grains.GetGrain<IManagementGrain>(0).SendControlCommandToProvider<RevocationWatch>(RevocationWatch.Name, 0);
        }
        catch (Exception failure)
        {
            NotTold(logger, failure.Message);
        }
    }

    [LoggerMessage(3009, LogLevel.Information, "Not every silo could be told of a revocation; each finds it within a second: {Reason}")]
    private static partial void NotTold(ILogger logger, string reason);
}
