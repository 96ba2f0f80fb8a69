using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Rest;
using Tidegate.GatewayAgent.Disks;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>
/// Renews the gateway's certificate at two thirds of its life, and at once when it is asked to (M1.10, M3.5; <c>docs/protocols/link.md</c>, Certificates): a new
/// key pair, made and stored first; its certificate, asked for with the old credential and stored before anybody uses it. The link's owner sees the keeper
/// change and takes it from there.
/// </summary>
internal sealed partial class CertificateRenewal(CredentialKeeper keeper, ICertificateService service, TimeProvider time, ILogger<CertificateRenewal> logger) : ICredentialRotation, IDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromHours(1);

    // What a timer can wait for at once, and often enough that a clock which was set is noticed.
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(6);

    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Renews until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (true)
        {
            var changed = keeper.WhenChanged;
            if (IsStored)
            {
                // It waits for its first link, and nothing is due meanwhile. When it was refused, the next one is not asked for at once.
                var stored = keeper.ForNextLink;
                await changed.WaitAsync(cancellationToken);
                if (!IsStored) failures = ReferenceEquals(keeper.InUse, stored) ? 0 : failures + 1;
                continue;
            }

            var wait = failures > 0 ? Backoff.After(failures, FirstRetry, LongestRetry) : keeper.InUse.RenewAt - time.GetUtcNow();
            if (wait > TimeSpan.Zero) await changed.WaitAsync(wait < LongestWait ? wait : LongestWait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (IsStored || keeper.InUse.RenewAt > time.GetUtcNow()) continue;
            try
            {
                await RenewAsync(keeper.InUse, cancellationToken);
            }
            catch (Exception error) when (error is TidegateException or IdentityException or DiskFaultException)
            {
                failures++;
                LogFailed(logger, keeper.InUse.Certificate.NotAfter.ToUniversalTime(), error.Message);
            }
        }
    }

    /// <inheritdoc />
    public async Task<CredentialRotated> RotateAsync(IReadOnlyList<string> replaced, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = keeper.WhenChanged;
            var current = keeper.InUse;
            if (!IsAmong(current, replaced)) return new CredentialRotated(current.Thumbprint, new DateTimeOffset(current.Certificate.NotAfter.ToUniversalTime()));
            // One that is stored comes into use first, whether or not it is to be replaced too: the service may count it as used by now.
            if (IsStored) await changed.WaitAsync(cancellationToken);
            else await RenewAsync(current, cancellationToken);
        }
    }

    public void Dispose() => _turn.Dispose();

    private bool IsStored => !ReferenceEquals(keeper.InUse, keeper.ForNextLink);

    private static bool IsAmong(GatewayCredential credential, IReadOnlyList<string> thumbprints) => thumbprints.Contains(credential.Thumbprint, StringComparer.OrdinalIgnoreCase);

    private async Task RenewAsync(GatewayCredential old, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (IsStored || !ReferenceEquals(keeper.InUse, old)) return;
            using var key = keeper.LoadOrCreateRenewalKey();
            var request = new CertificateRequest(old.Certificate.SubjectName, key, HashAlgorithmName.SHA256);
            keeper.Store(await service.RenewAsync(old, request.CreateSigningRequest(), cancellationToken));
            LogRenewed(logger, keeper.ForNextLink.Thumbprint, keeper.ForNextLink.Certificate.NotAfter.ToUniversalTime());
        }
        finally
        {
            _turn.Release();
        }
    }

    [LoggerMessage(2170, LogLevel.Information, "The gateway's certificate is renewed: {Thumbprint}, good until {Until:u}; the next link is opened with it")]
    private static partial void LogRenewed(ILogger logger, string thumbprint, DateTime until);
    [LoggerMessage(2171, LogLevel.Warning, "The gateway's certificate, good until {Until:u}, was not renewed: {Why} The agent tries again by itself")]
    private static partial void LogFailed(ILogger logger, DateTime until, string why);
}
