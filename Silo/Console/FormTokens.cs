using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Silo.Console;

/// <summary>Anti-forgery tokens: what the form of a session, or of a visitor before the sign-in, must carry. Any silo makes and checks them.</summary>
internal sealed class FormTokens(byte[] secret)
{
    private readonly byte[] _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, HMACSHA256.HashSizeInBytes, info: "tidegate console forms 1"u8.ToArray());

    /// <summary>The token for whoever holds a cookie.</summary>
    public string For(string cookie) => Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(cookie)));

    /// <summary>Whether a form's token is that of the cookie that came with it.</summary>
    public bool IsFor(string cookie, string? token) =>
        cookie.Length > 0 && token is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(For(cookie)), Encoding.UTF8.GetBytes(token));
}
