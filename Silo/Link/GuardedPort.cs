using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Tidegate.Client.Grain;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>
/// Layers 1 and 2 as connection middleware on Orleans' gateway port: mutual TLS 1.3 against the service's own CA, then
/// the frame guard (<c>docs/protocols/link.md</c>).
/// </summary>
internal sealed partial class GuardedPort(
    CertificateAuthority authority, FrameGuard guard, LinkConnections connections, TimeProvider time, ServerCertificate server, BreachAudit audit,
    ILogger<GuardedPort> logger)
{
    private readonly LimitedPace _strangers = new(time, LinkLimits.StrangersLoggedASecond);
    private readonly Handshakes _handshakes = new(time);

    /// <summary>Puts the guard in front of Orleans.</summary>
    public static void Install(IConnectionBuilder builder) => builder.Use(next =>
    {
        var port = builder.ApplicationServices.GetRequiredService<GuardedPort>();
        return context => port.ServeAsync(context, next);
    });

    private async Task ServeAsync(ConnectionContext context, ConnectionDelegate next)
    {
        var remote = context.RemoteEndPoint?.ToString() ?? "";
        LinkIdentity? known = null;
        LinkConnection? link = null;
        if (connections.IsClosed)
        {
            Refused(logger, remote, "the silo is stopping");
            context.Abort();
            return;
        }
        if (connections.Count >= LinkLimits.Connections || _handshakes.TryBegin(context) is not { } handshake)
        {
            RefusedStranger(remote, "too many connections");
            audit.Count(BreachLayer.Port);
            context.Abort();
            return;
        }
        try
        {
            await TlsTransport.RunAsync(context, time, AuthenticateAsync, async encrypted =>
            {
                _handshakes.End(handshake);
                known = Identify(encrypted);
                link = Admit(context, known);
                await guard.RunAsync(context, link, next);
            });
        }
        catch (Exception error) when (error is AuthenticationException or LinkBreachException or OperationCanceledException or IOException)
        {
            // Past the handshake this is how connections end; breaches have been reported by then.
            context.Abort();
            if (link is not null) return;
            if (known is null)
            {
                RefusedStranger(remote, BreachAudit.Bounded(error.Message));
                audit.Count(BreachLayer.Port);
                return;
            }

            Refused(logger, remote, BreachAudit.Bounded(error.Message));
            audit.Report(known.SubjectId, BreachLayer.Port, error.Message, remote, "");
        }
        finally
        {
            _handshakes.End(handshake);
            if (link is not null)
            {
                connections.Remove(link);
                _ = guard.TellGatewayAsync(link);
            }
        }
    }

    // Anybody can connect as often as they like: the log must not grow with it.
    private void RefusedStranger(string remote, string reason)
    {
        if (_strangers.TryTake()) Refused(logger, remote, reason);
    }

    private Task AuthenticateAsync(SslStream encrypted, CancellationToken cancellation) =>
        encrypted.AuthenticateAsServerAsync(CertificateTrust.CreateServerOptions(server.Context, authority.Roots, time), cancellation);

    private static LinkIdentity Identify(SslStream encrypted) =>
        (encrypted.RemoteCertificate is X509Certificate2 certificate ? LinkIdentity.FromCertificate(certificate) : null)
        ?? throw new LinkBreachException("a certificate that names no gateway and no API key, or is made for something else");

    private LinkConnection Admit(ConnectionContext context, LinkIdentity identity)
    {
        var link = new LinkConnection(identity, context);
        return connections.TryAdd(link) ? link : throw new LinkBreachException($"one connection too many of {identity.Subject}");
    }

    [LoggerMessage(3003, LogLevel.Warning, "Refused a connection to the link port from {Remote}: {Reason}")]
    private static partial void Refused(ILogger logger, string remote, string reason);
}
