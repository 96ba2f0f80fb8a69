using System.Security.Cryptography;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Security;

namespace Tidegate.Silo.Link;

/// <summary>Renewal of a gateway's certificate, on the agents' listener (<c>docs/protocols/link.md</c>, Certificates; M3.5).</summary>
public static class AgentCertificateRoutes
{
    // Longer than a lost silo is waited for: the certificate authority may keep its key elsewhere.
    private static readonly TimeSpan _askLimit = TimeSpan.FromSeconds(10);

    /// <summary>Maps <c>POST /agent/v1/certificate/renew</c>.</summary>
    public static void MapAgentCertificateEndpoints(this IEndpointRouteBuilder routes) =>
        routes.MapPost(LinkWire.RenewalPath, static async (HttpContext context, CertificateRenewalRequest request, AgentIdentities identities, IGrainFactory grains, TimeProvider time) =>
        {
            var (identity, publicKey) = await identities.AuthenticateAsync(context);
            if (CryptographicOperations.FixedTimeEquals(RequestedKey.Read(request.CertificateRequest).PublicKey, publicKey))
                throw new TidegateException(ErrorCodes.InvalidArgument, "The request is for the key of the old certificate.", "Make a new key pair and ask again.");
            var issued = await grains.GetGrain<IGatewayGrain>(identity.GatewayId)
                .RenewCertificate(identity.Thumbprint, request.CertificateRequest).WaitAsync(_askLimit, time, context.RequestAborted);
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.Json(new CertificateRenewalReply(issued.CertificatePem, issued.ExpiresAt), LinkJson.Default.CertificateRenewalReply);
        }).ExcludeFromDescription();
}
