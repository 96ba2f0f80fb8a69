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
    private static readonly TimeSpan _clockSkew = TimeSpan.FromMinutes(5);
    private const int MaxRequestBytes = 8192;

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
        AddLeafExtensions(request, CertificateTrust.ClientUsage);
        var now = time.GetUtcNow();
        using var certificate = keys.Sign(request, now - _clockSkew, now + GatewayLifetime);
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
        AddLeafExtensions(request, CertificateTrust.ServerUsage);
        var now = time.GetUtcNow();
        using var certificate = keys.Sign(request, now - _clockSkew, now + _serverLifetime);
        return certificate.CopyWithPrivateKey(key);
    }

    private void AddLeafExtensions(CertificateRequest request, Oid usage)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([usage], true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(keys.Certificate, true, false));
    }

    private static PublicKey ReadRequestedKey(byte[] certificateRequest, byte[] expectedPublicKey)
    {
        if (certificateRequest.Length > MaxRequestBytes) throw Invalid($"The certificate request has {certificateRequest.Length} bytes; at most {MaxRequestBytes} are read.");
        CertificateRequest request;
        try
        {
            // Loading verifies the request's signature with the key inside it.
            request = CertificateRequest.LoadSigningRequest(certificateRequest, HashAlgorithmName.SHA256);
        }
        catch (CryptographicException error)
        {
            throw Invalid($"The certificate request is not a PKCS#10 request signed by its own key: {error.Message}");
        }
        if (!CryptographicOperations.FixedTimeEquals(request.PublicKey.ExportSubjectPublicKeyInfo(), expectedPublicKey))
            throw Invalid("The certificate request is for another key than the one this activation began with.");
        using var key = request.PublicKey.GetECDsaPublicKey();
        return key is { KeySize: 256 } && key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
            ? request.PublicKey
            : throw Invalid("The certificate request's key is not ECDSA P-256.");
    }

    private static TidegateException Invalid(string message) =>
        new(ErrorCodes.ActivationKeyInvalid, message, "Start a new activation on the gateway.");
}
