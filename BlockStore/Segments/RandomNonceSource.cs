using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tidegate.BlockStore.Segments;

/// <summary>Nonces from the operating system's generator.</summary>
public sealed class RandomNonceSource : INonceSource
{
    /// <summary>The only one needed: it has no state.</summary>
    public static RandomNonceSource Instance { get; } = new();

    /// <inheritdoc/>
    public BlobNonce Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return new BlobNonce(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }
}
