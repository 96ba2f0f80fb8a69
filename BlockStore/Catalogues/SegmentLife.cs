using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>How much of a segment is still needed, in stored frame bytes. What is neither live nor held is free.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="TotalBytes">Bytes of all its frames.</param>
/// <param name="LiveBytes">Bytes of those that the head's map reaches.</param>
public sealed record SegmentLife(SegmentReference Segment, long TotalBytes, long LiveBytes)
{
    /// <summary>Bytes of those that the head no longer reaches and that its dead lists hold for something retained.</summary>
    public long HeldBytes { get; init; }

    /// <summary>How many dead lists name the segment; one may hold it without a byte, for its range records.</summary>
    public long DeadLists { get; init; }

    /// <summary>Bytes that something still needs.</summary>
    public long NeededBytes => LiveBytes + HeldBytes;

    /// <summary>True when nothing needs the segment any more.</summary>
    public bool IsFree => LiveBytes == 0 && DeadLists == 0;

    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.U32(Segment.Identity.Generation);
        writer.I64(Segment.Identity.Epoch);
        writer.U32(Segment.LengthBytes);
        writer.I64(TotalBytes);
        writer.I64(LiveBytes);
        writer.I64(HeldBytes);
        writer.I64(DeadLists);
        return writer.ToArray();
    }

    internal static SegmentLife Decode(LineageId owner, SegmentKind kind, long sequence, BlobNonce nonce, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, $"Catalogue record of segment {sequence:x16}-{nonce} of {owner}");
        var generation = reader.I32("generation", 1, int.MaxValue);
        var epoch = reader.I64("epoch", 0, long.MaxValue);
        var length = reader.I32("length", SegmentFormat.MinSegmentBytes, SegmentFormat.MaxSegmentBytes);
        var total = reader.I64("total bytes", 0, SegmentFormat.MaxSegmentBytes);
        var live = reader.I64("live bytes", 0, total);
        var life = new SegmentLife(
            new SegmentReference(new SegmentIdentity(kind, owner, generation, epoch, sequence, nonce), length), total, live)
        {
            HeldBytes = reader.I64("held bytes", 0, total - live),
            DeadLists = reader.I64("dead lists", 0, long.MaxValue),
        };
        reader.End();
        return life;
    }
}
