using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>Link discovery, on the agents' listener (<c>docs/protocols/link.md</c>, discovery). The TLS connection's client certificate says who asks.</summary>
public static class AgentLinkRoutes
{
    private const int MaxClientIdCharacters = 64;
    private const int MaxVersionCharacters = 64;

    /// <summary>Maps <c>POST /agent/v1/link/discovery</c>.</summary>
    public static void MapAgentLinkEndpoints(this IEndpointRouteBuilder routes) =>
        routes.MapPost(LinkWire.DiscoveryPath, static async (
            HttpContext context, LinkDiscoveryRequest request, LinkSettings settings, LinkTokenService tokens, CertificateAuthority authority,
            IGrainFactory grains, IRevokedCertificates revoked, IOptions<ClusterOptions> cluster, TimeProvider time) =>
        {
            var identity = Authenticate(await context.Connection.GetClientCertificateAsync(context.RequestAborted), authority, time);
            Check(request);
            if (revoked.IsRevoked(identity.Thumbprint)
                || !await grains.GetGrain<IGatewayGrain>(identity.GatewayId).IsCertificateValid(identity.Thumbprint))
            {
                throw new TidegateException(ErrorCodes.Forbidden, "The gateway's certificate is not accepted any more.",
                    "It was revoked, or its gateway was deleted: activate the gateway again.");
            }
            var caller = new Caller(Role.Agent, identity.AccountId, identity.GatewayId, identity.GatewayId);
            var (token, expiresAt) = tokens.Issue(caller, identity.Thumbprint, request.ClientId);
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.Json(
                new LinkDiscoveryReply(
                    cluster.Value.ClusterId, cluster.Value.ServiceId,
                    [new LinkEndpoint(settings.Advertised.ToString(), settings.EffectiveDial, settings.EffectiveServerName)],
                    token, expiresAt),
                LinkJson.Default.LinkDiscoveryReply);
        }).ExcludeFromDescription();

    private static LinkIdentity Authenticate(X509Certificate2? certificate, CertificateAuthority authority, TimeProvider time) =>
        // The listener has verified the chain already; a listener set up wrongly must not open the link.
        certificate is not null && CertificateTrust.IsTrustedClient(certificate, [authority.Certificate], time) && LinkIdentity.FromCertificate(certificate) is { } identity
            ? identity
            : throw new TidegateException(ErrorCodes.Unauthenticated, "No valid gateway certificate was presented.", "Activate the gateway, then connect with the certificate it was given.");

    private static void Check(LinkDiscoveryRequest request)
    {
        if (request.WireVersion != LinkWire.Version)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, $"Wire version {request.WireVersion} is not spoken here; {LinkWire.Version} is.",
                "Bring agent and service to versions that fit each other.");
        }
        if (request.ClientId is not { Length: > 0 and <= MaxClientIdCharacters } client || !client.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-')
            || client.StartsWith(LinkCallFilter.HostedClientPrefix, StringComparison.OrdinalIgnoreCase))
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, "The client id is not one of an outside client.");
        }
        if (request.AgentVersion is not { Length: <= MaxVersionCharacters }) throw new TidegateException(ErrorCodes.InvalidArgument, "The agent version is missing or too long.");
    }
}
