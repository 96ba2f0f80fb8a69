using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>How much of a segment the live head still reaches, in stored frame bytes.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="TotalBytes">Bytes of all its frames.</param>
/// <param name="LiveBytes">Bytes of those that the head's map reaches; snapshots may reach more.</param>
public sealed record SegmentLife(SegmentReference Segment, long TotalBytes, long LiveBytes)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.U32(Segment.Identity.Generation);
        writer.I64(Segment.Identity.Epoch);
        writer.U32(Segment.LengthBytes);
        writer.I64(TotalBytes);
        writer.I64(LiveBytes);
        return writer.ToArray();
    }

    internal static SegmentLife Decode(LineageId owner, SegmentKind kind, long sequence, BlobNonce nonce, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, $"Catalogue record of segment {sequence:x16}-{nonce} of {owner}");
        var generation = reader.I32("generation", 1, int.MaxValue);
        var epoch = reader.I64("epoch", 0, long.MaxValue);
        var length = reader.I32("length", SegmentFormat.MinSegmentBytes, SegmentFormat.MaxSegmentBytes);
        var total = reader.I64("total bytes", 0, SegmentFormat.MaxSegmentBytes);
        var life = new SegmentLife(
            new SegmentReference(new SegmentIdentity(kind, owner, generation, epoch, sequence, nonce), length), total, reader.I64("live bytes", 0, total));
        reader.End();
        return life;
    }
}
