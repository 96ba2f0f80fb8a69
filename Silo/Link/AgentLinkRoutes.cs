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
    private const int MaxVersionCharacters = 64;

    // The gateway's grain may be on a silo that is dead and not yet known to be: better to answer, and be asked again.
    private static readonly TimeSpan _askLimit = TimeSpan.FromSeconds(2);

    /// <summary>Maps <c>POST /agent/v1/link/discovery</c>.</summary>
    public static void MapAgentLinkEndpoints(this IEndpointRouteBuilder routes) =>
        routes.MapPost(LinkWire.DiscoveryPath, static async (
            HttpContext context, LinkDiscoveryRequest request, LinkOffers offers, LinkTokenService tokens, CertificateAuthority authority,
            IGrainFactory grains, IRevokedCertificates revoked, IOptions<ClusterOptions> cluster, TimeProvider time) =>
        {
            var identity = Authenticate(await context.Connection.GetClientCertificateAsync(context.RequestAborted), authority, time);
            Check(request, identity);
            revoked.RequireCurrent();
            if (revoked.IsRevoked(identity.Thumbprint)
                || !await grains.GetGrain<IGatewayGrain>(identity.GatewayId).IsCertificateValid(identity.Thumbprint).WaitAsync(_askLimit, time, context.RequestAborted))
            {
                throw new TidegateException(ErrorCodes.Forbidden, "The gateway's certificate is not accepted any more.",
                    "It was revoked, or its gateway was deleted: activate the gateway again.");
            }
            var offered = await offers.BestFirstAsync(context.RequestAborted);
            if (offered.Count == 0) throw new TidegateException(ErrorCodes.Unavailable, "No server takes links now.", "Try again.");
            var caller = new Caller(Role.Agent, identity.AccountId, identity.GatewayId, identity.GatewayId);
            var (token, expiresAt) = tokens.Issue(caller, identity.Thumbprint, request.ClientId);
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.Json(
                new LinkDiscoveryReply(
                    cluster.Value.ClusterId, cluster.Value.ServiceId,
                    [.. offered.Select(silo => new LinkEndpoint(silo.Advertised, silo.Dial, silo.ServerName, silo.AgentsUrl))],
                    token, expiresAt),
                LinkJson.Default.LinkDiscoveryReply);
        }).ExcludeFromDescription();

    private static LinkIdentity Authenticate(X509Certificate2? certificate, CertificateAuthority authority, TimeProvider time) =>
        // The listener has verified the chain already; a listener set up wrongly must not open the link.
        certificate is not null && CertificateTrust.IsTrustedClient(certificate, [authority.Certificate], time) && LinkIdentity.FromCertificate(certificate) is { } identity
            ? identity
            : throw new TidegateException(ErrorCodes.Unauthenticated, "No valid gateway certificate was presented.", "Activate the gateway, then connect with the certificate it was given.");

    private static void Check(LinkDiscoveryRequest request, LinkIdentity identity)
    {
        if (request.WireVersion != LinkWire.Version)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, $"Wire version {request.WireVersion} is not spoken here; {LinkWire.Version} is.",
                "Bring agent and service to versions that fit each other.");
        }
        if (!LinkClientId.BelongsTo(request.ClientId, identity.GatewayId))
            throw new TidegateException(ErrorCodes.InvalidArgument, "The client id is none of this gateway's: it is the gateway's id, '-' and 32 hexadecimal digits.");
        if (request.AgentVersion is not { Length: <= MaxVersionCharacters }) throw new TidegateException(ErrorCodes.InvalidArgument, "The agent version is missing or too long.");
    }
}
