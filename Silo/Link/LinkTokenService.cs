using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>
/// Issues and verifies link tokens: JSON and an HMAC-SHA256 over it, both base64url, joined by a dot. Every silo of a
/// cluster holds the same key, so verification asks nobody.
/// </summary>
public sealed class LinkTokenService
{
    /// <summary>How long a token lives; clients renew at two thirds of it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(6);

    /// <summary>A longer text is refused before anything of it is read.</summary>
    public const int MaxTokenCharacters = 2048;

    private readonly byte[] _key;
    private readonly TimeProvider _time;

    /// <summary>Creates the service over the cluster's token key of at least 32 bytes.</summary>
    public LinkTokenService(byte[] key, TimeProvider time)
    {
        if (key.Length < 32) throw new ArgumentException("The link token key has fewer than 32 bytes.", nameof(key));
        _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "tidegate link token v1"u8.ToArray());
        _time = time;
    }

    /// <summary>A token for a caller whose certificate and client id have just been authenticated. It ends with its certificate.</summary>
    public (string Token, DateTimeOffset ExpiresAt) Issue(Caller caller, string thumbprint, string clientId, DateTimeOffset? certificateExpiresAt = null)
    {
        var end = certificateExpiresAt ?? DateTimeOffset.MaxValue;
        var expiresAt = _time.GetUtcNow() + Lifetime;
        if (end < expiresAt) expiresAt = end;
        var body = JsonSerializer.SerializeToUtf8Bytes(new LinkToken(caller, thumbprint, clientId, expiresAt) { CertificateExpiresAt = end }, LinkTokenJson.Default.LinkToken);
        return ($"{Base64Url.EncodeToString(body)}.{Base64Url.EncodeToString(HMACSHA256.HashData(_key, body))}", expiresAt);
    }

    /// <summary>The token's content, or null when it is malformed, forged or over.</summary>
    public LinkToken? Verify(string? token)
    {
        if (token is null or { Length: 0 or > MaxTokenCharacters }) return null;
        var dot = token.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || !Base64Url.IsValid(token.AsSpan(0, dot)) || !Base64Url.IsValid(token.AsSpan(dot + 1))) return null;
        var body = Base64Url.DecodeFromChars(token.AsSpan(0, dot));
        var signature = Base64Url.DecodeFromChars(token.AsSpan(dot + 1));
        // Nothing of the body is parsed before its signature holds.
        if (!CryptographicOperations.FixedTimeEquals(signature, HMACSHA256.HashData(_key, body))) return null;
        var content = JsonSerializer.Deserialize(body, LinkTokenJson.Default.LinkToken);
        return content is not null && content.ExpiresAt > _time.GetUtcNow() ? content : null;
    }
}
