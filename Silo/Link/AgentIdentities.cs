using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>Who an agent is on the agents' listener: what the client certificate of its connection proves.</summary>
internal sealed class AgentIdentities(CertificateAuthority authority, IRevokedCertificates revoked, TimeProvider time)
{
    /// <summary>
    /// The identity, and the certificate's public key (SubjectPublicKeyInfo). Throws <c>Unauthenticated</c> without a certificate of this service,
    /// <c>Forbidden</c> when it is revoked, <c>Unavailable</c> while this silo cannot know.
    /// </summary>
    public async Task<(LinkIdentity Identity, byte[] PublicKey)> AuthenticateAsync(HttpContext context)
    {
        var certificate = await context.Connection.GetClientCertificateAsync(context.RequestAborted);
        // The listener has verified the chain already; a listener set up wrongly must not open the link.
        if (certificate is null || !CertificateTrust.IsTrustedClient(certificate, authority.Roots, time) || LinkIdentity.FromCertificate(certificate) is not { } identity)
            throw new TidegateException(ErrorCodes.Unauthenticated, "No valid gateway certificate was presented.", "Activate the gateway, then connect with the certificate it was given.");
        revoked.RequireCurrent();
        if (revoked.IsRevoked(identity.Thumbprint)) throw NotAccepted();
        return (identity, certificate.PublicKey.ExportSubjectPublicKeyInfo());
    }

    /// <summary>The answer to a certificate that does not count any more.</summary>
    public static TidegateException NotAccepted() => new(
        ErrorCodes.Forbidden, "The gateway's certificate is not accepted any more.", "It was revoked, or its gateway was deleted: activate the gateway again.");
}
