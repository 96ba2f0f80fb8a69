using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Silo.Link;

/// <summary>Who a gateway certificate names; meaningful only after the chain to our CA was verified.</summary>
/// <param name="GatewayId">Its common name.</param>
/// <param name="AccountId">Its organisation.</param>
/// <param name="Thumbprint">SHA-256 of its DER form, upper-case hexadecimal.</param>
/// <param name="ExpiresAt">End of its validity.</param>
public sealed record LinkIdentity(string GatewayId, string AccountId, string Thumbprint, DateTimeOffset ExpiresAt)
{
    /// <summary>Reads subject and SHA-256 thumbprint; null when the certificate names no gateway and account of the right form.</summary>
    public static LinkIdentity? FromCertificate(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        string? gateway = null, account = null;
        foreach (var name in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (name.HasMultipleElements) return null;
            switch (name.GetSingleElementType().Value)
            {
                case "2.5.4.3" when gateway is null: gateway = name.GetSingleElementValue(); break;
                case "2.5.4.10" when account is null: account = name.GetSingleElementValue(); break;
                default: return null;
            }
        }
        return ResourceId.IsValid(ResourceKind.Gateway, gateway) && ResourceId.IsValid(ResourceKind.Account, account)
            ? new LinkIdentity(gateway!, account!, certificate.GetCertHashString(HashAlgorithmName.SHA256), certificate.NotAfter)
            : null;
    }
}
