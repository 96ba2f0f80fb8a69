using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// An account's key: wraps the data keys of the account's volumes with AES-256-GCM, bound to the lineage and generation they
/// belong to, so that a wrapped key moved to another volume does not open (<c>docs/formats/overview.md</c>, Keys).
/// </summary>
public sealed class AccountKey : IDisposable
{
    /// <summary>Size of an account key.</summary>
    public const int LengthBytes = 32;

    /// <summary>Size of a wrapped data key: version, nonce, ciphertext, tag.</summary>
    public const int WrappedLengthBytes = 1 + NonceBytes + DataKey.LengthBytes + TagBytes;

    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const byte Version = 1;

    private readonly byte[] _bytes;

    /// <summary>Takes a copy of 32 bytes; throws <see cref="ArgumentException"/> for any other length.</summary>
    public AccountKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != LengthBytes)
            throw new ArgumentException($"An account key has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        _bytes = bytes.ToArray();
    }

    /// <summary>Wraps a data key for storage.</summary>
    public byte[] Wrap(LineageId owner, int generation, DataKey key)
    {
        var wrapped = new byte[WrappedLengthBytes];
        wrapped[0] = Version;
        var nonce = wrapped.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_bytes, TagBytes);
        aes.Encrypt(
            nonce, key.Secret, wrapped.AsSpan(1 + NonceBytes, DataKey.LengthBytes), wrapped.AsSpan(^TagBytes..),
            Binding(owner, generation));
        return wrapped;
    }

    /// <summary>
    /// Unwraps a data key. Throws <see cref="CorruptDataException"/> when it was wrapped by another key, for another lineage or
    /// generation, or altered.
    /// </summary>
    public DataKey Unwrap(LineageId owner, int generation, ReadOnlySpan<byte> wrapped)
    {
        var what = $"The wrapped key of {owner}, generation {generation},";
        if (wrapped.Length != WrappedLengthBytes || wrapped[0] != Version)
            throw new CorruptDataException(what, $"it has {wrapped.Length} bytes or a version other than {Version}");
        Span<byte> secret = stackalloc byte[DataKey.LengthBytes];
        using var aes = new AesGcm(_bytes, TagBytes);
        try
        {
            aes.Decrypt(
                wrapped.Slice(1, NonceBytes), wrapped.Slice(1 + NonceBytes, DataKey.LengthBytes), wrapped[^TagBytes..], secret,
                Binding(owner, generation));
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new CorruptDataException(what, "it does not open with this account key", e);
        }
        var key = new DataKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    /// <summary>Wipes the secret.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    /// <summary>Says only what this is.</summary>
    public override string ToString() => "account key (secret)";

    private static byte[] Binding(LineageId owner, int generation) =>
        Encoding.ASCII.GetBytes($"tidegate wrapped key 1\n{owner.AccountId}\n{owner.VolumeId}\n{generation}");
}
