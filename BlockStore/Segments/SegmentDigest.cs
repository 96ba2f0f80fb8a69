using System.Security.Cryptography;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// The keyed hash of a segment's log records and of everything before it (<c>docs/formats/segment.md</c>, Digest): 32 bytes.
/// <see cref="None"/>, all zero, precedes the first segment.
/// </summary>
public sealed class SegmentDigest : IEquatable<SegmentDigest>
{
    /// <summary>Size of a digest.</summary>
    public const int LengthBytes = 32;

    private readonly byte[] _bytes;

    /// <summary>
    /// Takes a copy of 32 bytes, or of none, which means <see cref="None"/>; throws <see cref="ArgumentException"/> for any other
    /// length.
    /// </summary>
    public SegmentDigest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is not (0 or LengthBytes))
            throw new ArgumentException($"A digest has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        _bytes = new byte[LengthBytes];
        bytes.CopyTo(_bytes);
    }

    /// <summary>What the first segment of a volume names as its previous digest.</summary>
    public static SegmentDigest None { get; } = new([]);

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => [.. _bytes];

    /// <inheritdoc/>
    public bool Equals(SegmentDigest? other) => other is not null && CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SegmentDigest);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_bytes);

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(SegmentDigest? left, SegmentDigest? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(SegmentDigest? left, SegmentDigest? right) => !(left == right);

    /// <summary>64 hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(_bytes);
}
