using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Client.Grain.Agents;

/// <summary>
/// The Orleans client ids of links: <c>&lt;gateway id&gt;-&lt;32 hex&gt;</c>. The gateway is part of the name, so that every silo can tell by
/// the certificate alone that nobody announces another gateway's client (<c>docs/protocols/link.md</c>, preamble).
/// </summary>
public static class LinkClientId
{
    private const int RandomCharacters = 32;

    /// <summary>A fresh id for one connection of the gateway.</summary>
    public static string New(string gatewayId) => $"{gatewayId}-{Guid.NewGuid():N}";

    /// <summary>
    /// The one id of a developer's key pair: <c>&lt;API key id&gt;-&lt;first 32 hex digits of the SHA-256 of the public key&gt;</c>. Every silo can tell by the
    /// certificate alone that nobody else announces it, not even another client of the same API key.
    /// </summary>
    public static string OfKeyPair(string keyId, PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return $"{keyId}-{Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, RandomCharacters / 2))}";
    }

    /// <summary>True for an id that the gateway may announce.</summary>
    public static bool BelongsTo(string? clientId, string gatewayId) =>
        clientId is not null && clientId.Length == gatewayId.Length + 1 + RandomCharacters
        && clientId.StartsWith(gatewayId, StringComparison.Ordinal) && clientId[gatewayId.Length] == '-'
        && clientId.AsSpan(gatewayId.Length + 1).IndexOfAnyExcept("0123456789abcdef") < 0;
}
