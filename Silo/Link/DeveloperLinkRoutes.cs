using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Tidegate.Client.Developers;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>How developers' clients get onto the link (<c>docs/protocols/link.md</c>, Developers' clients): certificates and tokens for an API key, over HTTPS.</summary>
internal static class DeveloperLinkRoutes
{
    private const int MaxVersionCharacters = 64;
    private const int MaxCertificateCharacters = 8192;

    /// <summary>Maps both calls under /v1, behind the API's authentication and limits.</summary>
    public static void MapDeveloperLink(this IEndpointRouteBuilder api)
    {
        api.MapPost(DeveloperWire.CertificatePath["/v1".Length..], static (
                HttpContext context, DeveloperCertificateRequest request, DeveloperCertificates certificates, CertificateAuthority authority, IRevokedCertificates revoked) =>
            {
                var (caller, keyEndsAt) = RequireDeveloper(context, revoked);
                using var issued = certificates.Issue(request.CertificateRequest, caller.AccountId, caller.ActorId, keyEndsAt);
                return TypedResults.Json(
                    new DeveloperCertificateReply(issued.ExportCertificatePem(), authority.TrustedPem, issued.NotAfter.ToUniversalTime()),
                    DeveloperJson.Default.DeveloperCertificateReply);
            })
            .OpenToBound(Roles.OfAccount).WithName("issueLinkCertificate").WithTags("link").WithSummary("A short-lived certificate for a client that calls grains over the link.")
            .Produces<DeveloperCertificateReply>().Refuses(ErrorCodes.InvalidArgument, ErrorCodes.Forbidden, ErrorCodes.Unavailable);
        api.MapPost(DeveloperWire.TokenPath["/v1".Length..], static async (
                HttpContext context, DeveloperTokenRequest request, LinkOffers offers, LinkTokenService tokens, CertificateAuthority authority,
                IRevokedCertificates revoked, IOptions<ClusterOptions> cluster, TimeProvider time) =>
            {
                var (caller, _) = RequireDeveloper(context, revoked);
                var identity = Identify(request, caller, authority, time);
                if (revoked.IsRevoked(identity)) throw NotAccepted();
                var offered = await offers.BestFirstAsync(context.RequestAborted);
                if (offered.Count == 0) throw new TidegateException(ErrorCodes.Unavailable, "No server takes links now.", "Try again.");
                var (token, expiresAt) = tokens.Issue(caller, identity.Thumbprint, request.ClientId, identity.ExpiresAt);
                return TypedResults.Json(
                    new LinkDiscoveryReply(
                        cluster.Value.ClusterId, cluster.Value.ServiceId,
                        [.. offered.Select(static silo => new LinkEndpoint(silo.Advertised, silo.Dial, silo.ServerName))], token, expiresAt),
                    DeveloperJson.Default.LinkDiscoveryReply);
            })
            .OpenToBound(Roles.OfAccount).WithName("issueLinkToken").WithTags("link").WithSummary("A token for calls over the link, and the silos to connect to.")
            .Produces<LinkDiscoveryReply>().Refuses(ErrorCodes.InvalidArgument, ErrorCodes.Forbidden, ErrorCodes.Unavailable);
    }

    /// <summary>The API has let the key in; here it must be one that this silo does not know for revoked, whatever is still remembered of it.</summary>
    private static (Caller Caller, DateTimeOffset? KeyEndsAt) RequireDeveloper(HttpContext context, IRevokedCertificates revoked)
    {
        var caller = Caller.Current;
        revoked.RequireCurrent();
        if (revoked.IsRevoked(caller.ActorId)) throw ApiAuthentication.Refusal();
        context.Response.Headers.CacheControl = "no-store";
        return (caller, caller.ExpiresAt);
    }

    private static LinkIdentity Identify(DeveloperTokenRequest request, Caller caller, CertificateAuthority authority, TimeProvider time)
    {
        if (request.WireVersion != LinkWire.Version)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, $"Wire version {request.WireVersion} is not spoken here; {LinkWire.Version} is.",
                "Bring client library and service to versions that fit each other.");
        }
        if (request.ClientVersion is not { Length: <= MaxVersionCharacters }) throw new TidegateException(ErrorCodes.InvalidArgument, "The client version is missing or too long.");
        using var certificate = Read(request.CertificatePem);
        // What matters is who signed it and for whom: then the client id can be no other than its key pair's.
        return CertificateTrust.IsTrustedDeveloper(certificate, authority.Roots, time) && LinkIdentity.FromCertificate(certificate) is { Kind: LinkClientKind.Developer } identity
            && identity.SubjectId == caller.ActorId && identity.AccountId == caller.AccountId && identity.Owns(request.ClientId)
                ? identity
                : throw NotAccepted();
    }

    private static X509Certificate2 Read(string pem)
    {
        try
        {
            return pem.Length <= MaxCertificateCharacters ? X509Certificate2.CreateFromPem(pem) : throw new CryptographicException("it is too long");
        }
        catch (CryptographicException unreadable)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, $"The certificate cannot be read: {unreadable.Message}", "Send the certificate as it was issued.");
        }
    }

    private static TidegateException NotAccepted() => new(
        ErrorCodes.Forbidden, "The certificate is not accepted for this API key.", "Ask for a new one, for a new key pair; the client id follows from it.");
}
