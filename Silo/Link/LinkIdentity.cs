using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Silo.Link;

/// <summary>Whom a client certificate names; meaningful only after the chain to our CA was verified.</summary>
/// <param name="SubjectId">Its common name: a gateway's id, or the id of the API key that a developer's client used.</param>
/// <param name="AccountId">Its organisation.</param>
/// <param name="Thumbprint">SHA-256 of its DER form, upper-case hexadecimal.</param>
/// <param name="ExpiresAt">End of its validity.</param>
public sealed record LinkIdentity(string SubjectId, string AccountId, string Thumbprint, DateTimeOffset ExpiresAt)
{
    /// <summary>The only client id that a developer's certificate may use, which follows from its key pair; null for gateways.</summary>
    public string? DeveloperClientId { get; init; }

    /// <summary>Which of the two kinds of clients it is.</summary>
    public LinkClientKind Kind => DeveloperClientId is null ? LinkClientKind.Agent : LinkClientKind.Developer;

    /// <summary>Whom it names, in words.</summary>
    public string Subject => Kind == LinkClientKind.Agent ? $"gateway {SubjectId}" : $"API key {SubjectId}";

    /// <summary>The gateway; empty for developers' clients.</summary>
    public string GatewayId => Kind == LinkClientKind.Agent ? SubjectId : "";

    /// <summary>True for a client id that this certificate may announce, on whichever silo.</summary>
    public bool Owns(string clientId) =>
        DeveloperClientId is { } own ? string.Equals(own, clientId, StringComparison.Ordinal) : LinkClientId.BelongsTo(clientId, SubjectId);

    /// <summary>
    /// Reads subject, usage and SHA-256 thumbprint; null unless the certificate names account and gateway and is made for gateways, or names
    /// account and API key and is made for developers' clients.
    /// </summary>
    public static LinkIdentity? FromCertificate(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        string? subject = null, account = null;
        foreach (var name in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (name.HasMultipleElements) return null;
            switch (name.GetSingleElementType().Value)
            {
                case "2.5.4.3" when subject is null: subject = name.GetSingleElementValue(); break;
                case "2.5.4.10" when account is null: account = name.GetSingleElementValue(); break;
                default: return null;
            }
        }
        if (!ResourceId.IsValid(ResourceKind.Account, account)) return null;
        var isDeveloper = ResourceId.IsValid(ResourceKind.ApiKey, subject);
        if (!isDeveloper && !ResourceId.IsValid(ResourceKind.Gateway, subject)) return null;
        // The name alone must not make a client of another kind: whoever signs one kind's certificates says so in the usage.
        if (OnlyUsage(certificate) != (isDeveloper ? CertificateTrust.DeveloperUsage : CertificateTrust.ClientUsage).Value) return null;
        return new LinkIdentity(subject!, account!, certificate.GetCertHashString(HashAlgorithmName.SHA256), certificate.NotAfter)
        {
            DeveloperClientId = isDeveloper ? LinkClientId.OfKeyPair(subject!, certificate.PublicKey) : null,
        };
    }

    private static string? OnlyUsage(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().ToArray() is [{ EnhancedKeyUsages: { Count: 1 } usages }] ? usages[0].Value : null;
}
