using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Grains.Security;

/// <summary>How the service names a gateway's certificate: lower-case hexadecimal SHA-256 of its DER form.</summary>
public static class CertificateThumbprint
{
    /// <summary>The thumbprint of a certificate.</summary>
    public static string Of(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
    }

    /// <summary>The thumbprint of a certificate in PEM.</summary>
    public static string OfPem(string certificatePem)
    {
        using var certificate = X509Certificate2.CreateFromPem(certificatePem);
        return Of(certificate);
    }
}
