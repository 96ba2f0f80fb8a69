using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Tidegate.Client.Grain;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>
/// Mutual TLS 1.3 between silos (<c>docs/protocols/link.md</c>, Silo port): each end shows a certificate that the service's CA made for silos of this very cluster.
/// Whoever gets through is a silo to Orleans, so no agent's, client's or server's certificate is good here, whatever CA it is of.
/// </summary>
internal sealed partial class SiloPortTls(CertificateAuthority authority, IOptions<ClusterOptions> cluster, TimeProvider time, ILogger<SiloPortTls> logger)
{
    /// <summary>Extended key usage of silos' certificates, and of nothing else: an arc of our own, made of a random UUID.</summary>
    public static readonly Oid Usage = new("2.25.280173950021948437126038514466180297463", "tidegateSilo");

    /// <summary>The name in every silo's certificate.</summary>
    public const string Name = "silo.tidegate.internal";

    private const string OrganizationOid = "2.5.4.10";

    private readonly LimitedPace _strangers = new(time, LinkLimits.StrangersLoggedASecond);
    private readonly ServerCertificate _certificate = new(authority, time, () => authority.IssueSiloCertificate(cluster.Value.ClusterId));
    private int _handshakes;

    /// <summary>Puts TLS under what other silos send.</summary>
    public static void InstallInbound(IConnectionBuilder builder) => builder.Use(next =>
    {
        var port = builder.ApplicationServices.GetRequiredService<SiloPortTls>();
        return context => port.AcceptAsync(context, next);
    });

    /// <summary>Puts TLS under what is sent to other silos.</summary>
    public static void InstallOutbound(IConnectionBuilder builder) => builder.Use(next =>
    {
        var port = builder.ApplicationServices.GetRequiredService<SiloPortTls>();
        return context => port.ConnectAsync(context, next);
    });

    private async Task AcceptAsync(ConnectionContext context, ConnectionDelegate next)
    {
        var isHandshaking = true;
        if (Interlocked.Increment(ref _handshakes) > LinkLimits.Handshakes)
        {
            Interlocked.Decrement(ref _handshakes);
            Refuse(context, "too many handshakes");
            return;
        }

        try
        {
            await TlsTransport.RunAsync(
                context, time, (stream, cancellation) => stream.AuthenticateAsServerAsync(ServerOptions(), cancellation),
                _ =>
                {
                    isHandshaking = false;
                    Interlocked.Decrement(ref _handshakes);
                    return next(context);
                });
        }
        catch (Exception error) when (isHandshaking && error is AuthenticationException or OperationCanceledException or IOException or ConnectionAbortedException)
        {
            Refuse(context, BreachAudit.Bounded(error.Message));
        }
        finally
        {
            if (isHandshaking) Interlocked.Decrement(ref _handshakes);
        }
    }

    private async Task ConnectAsync(ConnectionContext context, ConnectionDelegate next)
    {
        var isHandshaking = true;
        try
        {
            await TlsTransport.RunAsync(
                context, time, (stream, cancellation) => stream.AuthenticateAsClientAsync(ClientOptions(), cancellation),
                _ =>
                {
                    isHandshaking = false;
                    return next(context);
                });
        }
        catch (Exception error) when (isHandshaking)
        {
            NotConnected(logger, context.RemoteEndPoint?.ToString() ?? "", error.Message);
            throw;
        }
    }

    private SslServerAuthenticationOptions ServerOptions() => new()
    {
        ServerCertificateContext = _certificate.Context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        RemoteCertificateValidationCallback = (_, presented, _, _) => IsSilo(presented),
    };

    private SslClientAuthenticationOptions ClientOptions() => new()
    {
        TargetHost = Name,
        EnabledSslProtocols = SslProtocols.Tls13,
        ClientCertificateContext = _certificate.Context,
        AllowTlsResume = false,
        // The platform has judged the name, and the chain by its own CAs, which say nothing here.
        RemoteCertificateValidationCallback = (_, presented, _, errors) =>
            (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None && IsSilo(presented),
    };

    private bool IsSilo(X509Certificate? presented) =>
        presented is X509Certificate2 certificate && CertificateTrust.IsTrusted(certificate, authority.Roots, Usage, time)
        && certificate.SubjectName.EnumerateRelativeDistinguishedNames().Any(name =>
            !name.HasMultipleElements && name.GetSingleElementType().Value == OrganizationOid && name.GetSingleElementValue() == cluster.Value.ClusterId);

    private void Refuse(ConnectionContext context, string reason)
    {
        context.Abort();
        if (_strangers.TryTake()) Refused(logger, context.RemoteEndPoint?.ToString() ?? "", reason);
    }

    [LoggerMessage(3010, LogLevel.Warning, "Refused a connection to the silo port from {Remote}: {Reason}")]
    private static partial void Refused(ILogger logger, string remote, string reason);

    [LoggerMessage(3011, LogLevel.Warning, "No connection to the silo at {Remote}: {Reason} Both silos must have certificates of one CA and one cluster id")]
    private static partial void NotConnected(ILogger logger, string remote, string reason);
}
