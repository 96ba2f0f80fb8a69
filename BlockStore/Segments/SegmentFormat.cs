using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;

namespace Tidegate.BlockStore.Segments;

/// <summary>Sizes, key derivation, nonces and associated data of the segment container (<c>docs/formats/segment.md</c>).</summary>
internal static class SegmentFormat
{
    public const int HeaderBytes = 256;
    public const int TrailerBytes = 64;
    public const int TagBytes = 16;
    public const int EntryBytes = 32;
    public const int RangeBytes = 16;
    public const int MinSegmentBytes = HeaderBytes + HeaderBytes + TrailerBytes;
    public const int MaxSegmentBytes = 64 << 20;
    /// <summary>Most bytes of block data that one segment may hold before compression.</summary>
    public const int MaxDataBytes = 32 << 20;
    public const int MaxEntries = 65_536;
    public const int MaxRanges = 524_288;
    /// <summary>Largest frame of a kind other than data, before compression.</summary>
    public const int MaxPageBytes = 1 << 20;

    public static ReadOnlySpan<byte> HeaderMagic => "TIDESEG1"u8;
    public static ReadOnlySpan<byte> TrailerMagic => "TIDEEND1"u8;

    private const int IdBytes = LineageId.MaxPartLength;
    private const int NonceBytes = 12;
    private const uint FrameDomain = 1;
    private const uint IndexDomain = 2;

    public static AesGcm CreateCipher(DataKey key, SegmentIdentity identity)
    {
        Span<byte> salt = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(salt, identity.Nonce.Value);
        Span<byte> derived = stackalloc byte[32];
        key.Derive(
            salt,
            Encoding.ASCII.GetBytes($"tidegate segment 1\n{(int)identity.Kind}\n{identity.Owner.AccountId}\n{identity.Owner.VolumeId}\n{identity.Generation}\n{identity.Epoch}\n{identity.Sequence}"),
            derived);
        var cipher = new AesGcm(derived, TagBytes);
        CryptographicOperations.ZeroMemory(derived);
        return cipher;
    }

    public static void FrameNonce(int index, Span<byte> nonce) => Nonce(FrameDomain, index, nonce);

    public static void IndexNonce(Span<byte> nonce) => Nonce(IndexDomain, 0, nonce);

    public static int NonceLength => NonceBytes;

    /// <summary>Associated data of the segment's frames; <see cref="PatchFrame"/> fills in what differs from frame to frame.</summary>
    public static byte[] FrameAssociatedData(SegmentIdentity identity)
    {
        var writer = new FormatWriter();
        writer.U8((byte)identity.Kind);
        writer.Text(identity.Owner.AccountId);
        writer.Text(identity.Owner.VolumeId);
        writer.U32(identity.Generation);
        writer.I64(identity.Epoch);
        writer.I64(identity.Sequence);
        writer.Bytes(stackalloc byte[10]);
        return writer.ToArray();
    }

    public static void PatchFrame(Span<byte> associatedData, int index, uint block, ushort mask)
    {
        BinaryPrimitives.WriteInt32LittleEndian(associatedData[^10..], index);
        BinaryPrimitives.WriteUInt32LittleEndian(associatedData[^6..], block);
        BinaryPrimitives.WriteUInt16LittleEndian(associatedData[^2..], mask);
    }

    public static void WriteHeader(SegmentHeader header, Span<byte> destination)
    {
        var identity = header.Identity;
        destination[..HeaderBytes].Clear();
        HeaderMagic.CopyTo(destination);
        destination[8] = (byte)identity.Kind;
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], identity.Generation);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], identity.Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], identity.Sequence);
        BinaryPrimitives.WriteUInt128BigEndian(destination[32..], identity.Nonce.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[48..], header.LogStart);
        BinaryPrimitives.WriteInt64LittleEndian(destination[56..], header.LogEnd);
        BinaryPrimitives.WriteInt64LittleEndian(destination[64..], header.HostTimeStart.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64LittleEndian(destination[72..], header.HostTimeEnd.ToUnixTimeMilliseconds());
        header.PreviousDigest.Bytes.CopyTo(destination[80..]);
        header.Digest.Bytes.CopyTo(destination[112..]);
        Encoding.ASCII.GetBytes(identity.Owner.AccountId, destination.Slice(144, IdBytes));
        Encoding.ASCII.GetBytes(identity.Owner.VolumeId, destination.Slice(184, IdBytes));
    }

    /// <summary>Reads a header; the bytes are authentic already or compared with authentic ones afterwards.</summary>
    public static SegmentHeader ReadHeader(ReadOnlySpan<byte> bytes, string what)
    {
        var reader = new FormatReader(bytes[..HeaderBytes], what);
        reader.Expect(HeaderMagic, "header magic");
        var kind = reader.U8("header kind");
        if (kind is < (byte)SegmentKind.Data or > (byte)SegmentKind.Compact) throw reader.Corrupt($"header kind {kind} is unknown");
        reader.Bytes(3, "header reserve");
        var generation = reader.I32("header key generation", 1, int.MaxValue);
        var epoch = reader.I64("header epoch", 0, long.MaxValue);
        var sequence = reader.I64("header sequence", 0, long.MaxValue);
        var nonce = new BlobNonce(reader.U128("header nonce"));
        var logStart = reader.I64("header log start", 0, long.MaxValue);
        var logEnd = reader.I64("header log end", logStart, long.MaxValue);
        var hostStart = reader.Time("header host time start");
        var hostEnd = reader.Time("header host time end");
        var previous = new SegmentDigest(reader.Bytes(SegmentDigest.LengthBytes, "header previous digest"));
        var digest = new SegmentDigest(reader.Bytes(SegmentDigest.LengthBytes, "header digest"));
        var account = Encoding.ASCII.GetString(reader.Bytes(IdBytes, "header account").TrimEnd((byte)0));
        var volume = Encoding.ASCII.GetString(reader.Bytes(IdBytes, "header volume").TrimEnd((byte)0));
        if (!LineageId.IsPart(account) || !LineageId.IsPart(volume)) throw reader.Corrupt("the header names no lineage");
        return new SegmentHeader(
            new SegmentIdentity((SegmentKind)kind, new LineageId(account, volume), generation, epoch, sequence, nonce),
            logStart, logEnd, hostStart, hostEnd, previous, digest);
    }

    private static void Nonce(uint domain, long counter, Span<byte> nonce)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(nonce, domain);
        BinaryPrimitives.WriteInt64LittleEndian(nonce[4..], counter);
    }
}
