using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;

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
            HttpContext context, LinkDiscoveryRequest request, LinkOffers offers, LinkTokenService tokens, AgentIdentities identities,
            IGrainFactory grains, IOptions<ClusterOptions> cluster, TimeProvider time) =>
        {
            var (identity, _) = await identities.AuthenticateAsync(context);
            Check(request, identity);
            if (!await grains.GetGrain<IGatewayGrain>(identity.GatewayId).IsCertificateValid(identity.Thumbprint).WaitAsync(_askLimit, time, context.RequestAborted))
                throw AgentIdentities.NotAccepted();
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
