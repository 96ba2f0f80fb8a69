using System.Security.Cryptography;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// A lineage's data key: 32 secret bytes from which every segment key and the digest key are derived
/// (<c>docs/formats/overview.md</c>, Keys). Never printed; <see cref="Dispose"/> wipes it.
/// </summary>
public sealed class DataKey : IDisposable
{
    /// <summary>Size of a data key.</summary>
    public const int LengthBytes = 32;

    private readonly byte[] _bytes;

    /// <summary>Takes a copy of 32 bytes; throws <see cref="ArgumentException"/> for any other length.</summary>
    public DataKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != LengthBytes)
            throw new ArgumentException($"A data key has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        _bytes = bytes.ToArray();
    }

    /// <summary>A fresh key from the operating system's generator.</summary>
    public static DataKey Generate()
    {
        Span<byte> bytes = stackalloc byte[LengthBytes];
        RandomNumberGenerator.Fill(bytes);
        var key = new DataKey(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }

    /// <summary>A copy of the secret, to be sent over an authenticated link and kept in memory alone.</summary>
    public byte[] Export() => [.. _bytes];

    /// <summary>Derives 32 bytes for one use.</summary>
    internal void Derive(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info, Span<byte> destination) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _bytes, destination, salt, info);

    internal ReadOnlySpan<byte> Secret => _bytes;

    /// <summary>Wipes the secret.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    /// <summary>Says only what this is.</summary>
    public override string ToString() => "data key (secret)";
}
