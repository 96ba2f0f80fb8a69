using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Tidegate.Silo.Console;

/// <summary>Seals what travels through browsers during a provider's sign-in, under the secret that all silos share: any of them opens it. AES-256-GCM.</summary>
internal sealed class SharedSecretProtection : IDataProtectionProvider, IDataProtector
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key;

    public SharedSecretProtection(byte[] secret)
        : this(secret, "tidegate console protection 1")
    {
    }

    private SharedSecretProtection(byte[] secret, string purpose) =>
        _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: Encoding.UTF8.GetBytes(purpose));

    /// <inheritdoc />
    public IDataProtector CreateProtector(string purpose) => new SharedSecretProtection(_key, purpose);

    /// <inheritdoc />
    public byte[] Protect(byte[] plaintext)
    {
        var sealedBytes = new byte[NonceBytes + plaintext.Length + TagBytes];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Encrypt(
            sealedBytes.AsSpan(0, NonceBytes), plaintext, sealedBytes.AsSpan(NonceBytes, plaintext.Length), sealedBytes.AsSpan(NonceBytes + plaintext.Length));
        return sealedBytes;
    }

    /// <inheritdoc />
    public byte[] Unprotect(byte[] protectedData)
    {
        if (protectedData.Length < NonceBytes + TagBytes) throw new CryptographicException("The text is too short to be a sealed one.");
        var plaintext = new byte[protectedData.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Decrypt(
            protectedData.AsSpan(0, NonceBytes), protectedData.AsSpan(NonceBytes, plaintext.Length), protectedData.AsSpan(NonceBytes + plaintext.Length), plaintext);
        return plaintext;
    }
}
