using System.Buffers.Binary;
using System.Security.Cryptography;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Segments;

/// <summary>SHA-256 of what a page means, wherever its parts are stored: equal hashes, equal content.</summary>
public readonly record struct PageHash(UInt128 High, UInt128 Low)
{
    internal const int LengthBytes = 32;

    internal static PageHash Of(ReadOnlySpan<byte> canonical)
    {
        Span<byte> hash = stackalloc byte[LengthBytes];
        SHA256.HashData(canonical, hash);
        return new PageHash(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
    }

    internal void Write(FormatWriter writer)
    {
        writer.U128(High);
        writer.U128(Low);
    }

    internal static PageHash Read(ref FormatReader reader) => new(reader.U128("page hash"), reader.U128("page hash"));

    /// <summary>64 hexadecimal digits.</summary>
    public override string ToString() => new BlobNonce(High).ToString() + new BlobNonce(Low);
}
