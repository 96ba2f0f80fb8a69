using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>What the agent presents to the service and whom it trusts there.</summary>
/// <param name="Customer">Account and gateway.</param>
/// <param name="Certificate">The gateway's certificate with its private key.</param>
/// <param name="Authorities">The service's CAs, pinned at activation.</param>
internal sealed record GatewayCredential(CustomerInformation Customer, X509Certificate2 Certificate, X509Certificate2Collection Authorities) : IDisposable
{
    /// <summary>SHA-256 of the certificate's DER form, upper-case hexadecimal.</summary>
    public string Thumbprint => Certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>Two thirds of the certificate's life: from then on it is renewed.</summary>
    public DateTimeOffset RenewAt
    {
        get
        {
            DateTimeOffset from = Certificate.NotBefore, to = Certificate.NotAfter;
            return (from + ((to - from) * (2.0 / 3))).ToUniversalTime();
        }
    }

    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var authority in Authorities) authority.Dispose();
    }
}
