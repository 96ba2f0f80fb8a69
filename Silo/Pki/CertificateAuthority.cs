using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Security;

namespace Tidegate.Silo.Pki;

/// <summary>Issues what the CA signs: gateways' client certificates (M3.5) and this silo's server certificates (M3.4).</summary>
public sealed class CertificateAuthority(ICaKeyProvider keys, TimeProvider time) : ICertificateAuthority
{
    /// <summary>How long a gateway's certificate is good for; agents renew long before.</summary>
    public static readonly TimeSpan GatewayLifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan _serverLifetime = TimeSpan.FromDays(397);
    internal static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>The CA's certificate, to be pinned.</summary>
    public X509Certificate2 Certificate => keys.Certificate;

    /// <summary>The CA's certificate as PEM.</summary>
    public string CertificatePem => keys.Certificate.ExportCertificatePem();

    /// <inheritdoc/>
    public Task<IssuedCertificate> IssueGatewayCertificateAsync(byte[] certificateRequest, byte[] expectedPublicKey, string accountId, string gatewayId)
    {
        ArgumentNullException.ThrowIfNull(certificateRequest);
        ArgumentNullException.ThrowIfNull(expectedPublicKey);
        var key = ReadRequestedKey(certificateRequest, expectedPublicKey);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(accountId);
        subject.AddCommonName(gatewayId);
        // Nothing of the request but its key is taken over: names and extensions are the service's to say.
        var request = new CertificateRequest(subject.Build(), key, keys.Algorithm);
        AddLeafExtensions(request, keys.Certificate, CertificateTrust.ClientUsage);
        var now = time.GetUtcNow();
        using var certificate = keys.Sign(request, now - ClockSkew, now + GatewayLifetime);
        return Task.FromResult(new IssuedCertificate(certificate.ExportCertificatePem(), CertificatePem, certificate.NotAfter.ToUniversalTime()));
    }

    /// <summary>
    /// A server certificate with its key, for one silo's listeners: names <c>localhost</c>, <c>127.0.0.1</c>, <c>::1</c> and
    /// <paramref name="hostNames"/> (DNS names or addresses). Made anew at every start; the caller disposes it.
    /// </summary>
    public X509Certificate2 IssueServerCertificate(IEnumerable<string> hostNames)
    {
        ArgumentNullException.ThrowIfNull(hostNames);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Tidegate silo", key, keys.Algorithm);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in hostNames.Append("localhost").Append("127.0.0.1").Append("::1").Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(name);
        }
        request.CertificateExtensions.Add(names.Build());
        AddLeafExtensions(request, keys.Certificate, CertificateTrust.ServerUsage);
        var now = time.GetUtcNow();
        using var certificate = keys.Sign(request, now - ClockSkew, now + _serverLifetime);
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
