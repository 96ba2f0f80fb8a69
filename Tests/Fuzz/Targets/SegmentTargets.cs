using K4os.Compression.LZ4;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Fuzz.Engine;
using Tidegate.Tests.Unit.BlockStore.Golden;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>Segments (<c>docs/formats/segment.md</c>). What authentication covers is mutated before it is sealed, so that the parser behind it is met.</summary>
internal static class SegmentTargets
{
    public static FuzzTarget Header() => new(
        "segment-header", [Fixed.Hex(GoldenVectors.Segment)[..SegmentFormat.HeaderBytes]],
        static bytes => SegmentFormat.ReadHeader(Padded(bytes, SegmentFormat.HeaderBytes), "header"), typeof(CorruptDataException));

    /// <summary>The trailer without its tag, then the index in clear: sealed with the right key, and opened as a blob whose length fits.</summary>
    public static FuzzTarget Index()
    {
        var blob = Fixed.Hex(GoldenVectors.Segment);
        var identity = SegmentFormat.ReadHeader(blob, "golden").Identity;
        var reference = new SegmentReference(identity, blob.Length);
        var head = SegmentFormat.TrailerBytes - SegmentFormat.TagBytes;
        var tail = blob.AsSpan(blob.Length - SegmentIndex.TailBytes(blob.AsSpan(blob.Length - SegmentFormat.TrailerBytes), reference)).ToArray();
        var plain = new byte[tail.Length - SegmentFormat.TrailerBytes];
        var trailer = tail.AsSpan(plain.Length);
        using (var cipher = SegmentFormat.CreateCipher(Fixed.Key, identity))
        {
            cipher.Decrypt(Nonce(), tail.AsSpan(0, plain.Length), trailer[head..], plain, trailer[..head]);
        }

        return new FuzzTarget(
            "segment-index", [[.. trailer[..head], .. plain]],
            bytes =>
            {
                bytes = Padded(bytes, head);
                using var cipher = SegmentFormat.CreateCipher(Fixed.Key, identity);
                var sealedTail = new byte[bytes.Length + SegmentFormat.TagBytes];
                var index = bytes.AsSpan(head);
                bytes.AsSpan(0, head).CopyTo(sealedTail.AsSpan(index.Length));
                cipher.Encrypt(Nonce(), index, sealedTail.AsSpan(0, index.Length), sealedTail.AsSpan(index.Length + head), bytes.AsSpan(0, head));
                // The blob's length is the store's word: what the trailer counts either adds up to it or is refused.
                var needed = SegmentIndex.TailBytes(sealedTail.AsSpan(index.Length), reference);
                if (needed == sealedTail.Length) SegmentIndex.Parse(sealedTail, reference, cipher);
            },
            typeof(CorruptDataException))
        { BytesPerByte = 256 };
    }

    /// <summary>One byte for the codec, then what it is to unpack into a block.</summary>
    public static FuzzTarget Frame()
    {
        var block = new byte[65_536];
        for (var at = 0; at < block.Length; at++) block[at] = (byte)(at / 256);
        var packed = new byte[LZ4Codec.MaximumOutputSize(block.Length)];
        using var zstd = new ZstdSharp.Compressor(1);
        var plain = new byte[block.Length];
        return new FuzzTarget(
            "frame",
            [[(byte)FrameCodec.Lz4, .. packed[..LZ4Codec.Encode(block, packed)]], [(byte)FrameCodec.Zstd, .. zstd.Wrap(block)]],
            bytes => SegmentReader.FrameOpener.Decompress(bytes.Length > 0 && bytes[0] == (byte)FrameCodec.Lz4 ? FrameCodec.Lz4 : FrameCodec.Zstd, bytes.AsSpan(Math.Min(1, bytes.Length)), plain, "frame"),
            typeof(CorruptDataException));
    }

    private static byte[] Nonce()
    {
        var nonce = new byte[SegmentFormat.NonceLength];
        SegmentFormat.IndexNonce(nonce);
        return nonce;
    }

    /// <summary>Readers of fixed parts are given as many bytes as these have.</summary>
    internal static byte[] Padded(byte[] bytes, int length)
    {
        if (bytes.Length < length) Array.Resize(ref bytes, length);
        return bytes;
    }
}
