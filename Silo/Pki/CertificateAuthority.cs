using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Security;
using Tidegate.Silo.Link;

namespace Tidegate.Silo.Pki;

/// <summary>Issues what the CA signs: gateways' client certificates (M3.5) and this silo's server certificates (M3.4).</summary>
public sealed class CertificateAuthority(CaStore store, TimeProvider time) : ICertificateAuthority
{
    /// <summary>How long a gateway's certificate is good for; agents renew long before.</summary>
    public static readonly TimeSpan GatewayLifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan _serverLifetime = TimeSpan.FromDays(397);
    internal static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>The current CA's certificate.</summary>
    public X509Certificate2 Certificate => store.Certificate;

    /// <summary>The certificates of all CAs that are trusted now; the collection is the caller's own.</summary>
    public X509Certificate2Collection Roots => store.Roots;

    /// <inheritdoc/>
    public TimeSpan ChangeSpread { get; init; } = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public string Authority => store.Manifest.Current.Thumbprint;

    /// <summary>The same as PEM, the current one first: what agents and clients pin.</summary>
    public string TrustedPem => store.Manifest.TrustedPem;

    /// <inheritdoc/>
    public async Task<IssuedCertificate> IssueGatewayCertificateAsync(byte[] certificateRequest, byte[] expectedPublicKey, string accountId, string gatewayId)
    {
        ArgumentNullException.ThrowIfNull(certificateRequest);
        ArgumentNullException.ThrowIfNull(expectedPublicKey);
        var key = ReadRequestedKey(certificateRequest, expectedPublicKey);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(accountId);
        subject.AddCommonName(gatewayId);
        // Nothing of the request but its key is taken over: names and extensions are the service's to say.
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        AddLeafExtensions(request, store.Certificate, CertificateTrust.ClientUsage);
        var now = time.GetUtcNow();
        try
        {
            // The key may be elsewhere: no turn of a grain waits for it.
            using var certificate = await Task.Run(() => store.Sign(request, now - ClockSkew, now + GatewayLifetime));
            return new IssuedCertificate(certificate.ExportCertificatePem(), TrustedPem, certificate.NotAfter.ToUniversalTime())
            {
                Authority = store.ThumbprintOfIssuer(certificate),
            };
        }
        catch (CaException away)
        {
            throw new TidegateException(ErrorCodes.Unavailable, "The certificate authority cannot sign now.", $"Try again; an operator should see: {away.Message}");
        }
    }

    /// <summary>
    /// A server certificate with its key, for one silo's listeners: names <c>localhost</c>, <c>127.0.0.1</c>, <c>::1</c> and
    /// <paramref name="hostNames"/> (DNS names or addresses). Made anew at every start; the caller disposes it.
    /// </summary>
    public X509Certificate2 IssueServerCertificate(IEnumerable<string> hostNames)
    {
        ArgumentNullException.ThrowIfNull(hostNames);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Tidegate silo", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in hostNames.Append("localhost").Append("127.0.0.1").Append("::1").Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(name);
        }
        request.CertificateExtensions.Add(names.Build());
        AddLeafExtensions(request, store.Certificate, CertificateTrust.ServerUsage);
        var now = time.GetUtcNow();
        using var certificate = store.Sign(request, now - ClockSkew, now + _serverLifetime);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>A certificate with its key for this silo's port for other silos of the cluster; good for nothing else.</summary>
    public X509Certificate2 IssueSiloCertificate(string clusterId)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(clusterId);
        subject.AddCommonName("Tidegate silo port");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(SiloPortTls.Name);
        request.CertificateExtensions.Add(names.Build());
        AddLeafExtensions(request, store.Certificate, SiloPortTls.Usage);
        var now = time.GetUtcNow();
        using var certificate = store.Sign(request, now - ClockSkew, now + _serverLifetime);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>What every certificate of ours says of itself: no CA, signatures alone, one usage.</summary>
    internal static void AddLeafExtensions(CertificateRequest request, X509Certificate2 issuer, Oid usage)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([usage], true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
    }

    internal static PublicKey ReadRequestedKey(byte[] certificateRequest, byte[] expectedPublicKey)
    {
        var key = CertificateRequests.ReadKey(certificateRequest, out var fault) ?? throw Invalid(fault);
        return CryptographicOperations.FixedTimeEquals(key.ExportSubjectPublicKeyInfo(), expectedPublicKey)
            ? key
            : throw Invalid("The certificate request is for another key than the one this activation began with.");
    }

    private static TidegateException Invalid(string message) =>
        new(ErrorCodes.ActivationKeyInvalid, message, "Start a new activation on the gateway.");
}
