using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Pki;

/// <summary>
/// Issues the short-lived certificates of developers' clients (<c>docs/protocols/link.md</c>, Developers' clients): for a key pair that the client keeps,
/// naming account and API key, of a usage that passes for no gateway's.
/// </summary>
public sealed class DeveloperCertificates(CaStore store, TimeProvider time)
{
    /// <summary>How long one is good for, unless its API key ends before; clients renew at half of it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>
    /// The certificate for the request's key; nothing else of the request counts. Throws <c>InvalidArgument</c> unless it is PKCS#10 for an ECDSA P-256 key,
    /// signed by it.
    /// </summary>
    public X509Certificate2 Issue(byte[] certificateRequest, string accountId, string keyId, DateTimeOffset? keyExpiresAt)
    {
        ArgumentNullException.ThrowIfNull(certificateRequest);
        var key = CertificateRequests.ReadKey(certificateRequest, out var fault) ?? throw new TidegateException(ErrorCodes.InvalidArgument, fault, "Make an ECDSA P-256 key pair and a request for it.");
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(accountId);
        subject.AddCommonName(keyId);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        CertificateAuthority.AddLeafExtensions(request, store.Certificate, CertificateTrust.DeveloperUsage);
        var now = time.GetUtcNow();
        var end = now + Lifetime;
        return store.Sign(request, now - CertificateAuthority.ClockSkew, keyExpiresAt < end ? keyExpiresAt.Value : end);
    }
}
