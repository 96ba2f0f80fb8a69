using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Silo.Pki;

/// <summary>A CA of the service as <c>ca.json</c> holds it.</summary>
/// <param name="Stage">Where it is in its life.</param>
/// <param name="CertificatePem">Its self-signed certificate.</param>
/// <param name="Key">Name of its key, as the key's provider knows it.</param>
/// <param name="Since">When it came to its stage.</param>
public sealed record CaEntry(CaStage Stage, string CertificatePem, string Key, DateTimeOffset Since)
{
    /// <summary>SHA-256 of the certificate's DER form, lower-case hexadecimal.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Thumbprint
    {
        get
        {
            using var certificate = X509Certificate2.CreateFromPem(CertificatePem);
            return Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
        }
    }
}
