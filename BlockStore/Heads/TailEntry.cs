using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Heads;

/// <summary>One committed segment that no base root holds yet.</summary>
/// <param name="Segment">Which, and how long its blob is.</param>
/// <param name="Digest">Its digest, which its own header must repeat.</param>
/// <param name="LogEnd">Log position after its last record.</param>
/// <param name="FrameBytes">Stored bytes of its frames, as the agent claimed; the fold counts them itself.</param>
/// <param name="CommittedAt">Service's clock, in milliseconds: what retention uses.</param>
/// <param name="HostTime">Host's clock at its last record, in milliseconds; for display.</param>
public sealed record TailEntry(
    SegmentReference Segment, SegmentDigest Digest, long LogEnd, int FrameBytes, DateTimeOffset CommittedAt, DateTimeOffset HostTime)
{
    internal const int EncodedBytes = SegmentReference.EncodedBytes + SegmentDigest.LengthBytes + 8 + 4 + 8 + 8;

    internal void Write(FormatWriter writer, OwnerTable owners)
    {
        Segment.Write(writer, owners);
        writer.Bytes(Digest.Bytes);
        writer.I64(LogEnd);
        writer.U32(FrameBytes);
        writer.Time(CommittedAt);
        writer.Time(HostTime);
    }

    internal static TailEntry Read(ref FormatReader reader, OwnerTable owners)
    {
        var segment = SegmentReference.Read(ref reader, owners);
        if (!segment.Identity.IsSealedByAgents) throw reader.Corrupt($"a {segment.Identity.Kind} segment stands in the tail");
        return new TailEntry(
            segment,
            new SegmentDigest(reader.Bytes(SegmentDigest.LengthBytes, "tail digest")),
            reader.I64("tail log end", 0, long.MaxValue),
            reader.I32("tail frame bytes", 0, SegmentFormat.MaxSegmentBytes),
            reader.Time("tail commit time"),
            reader.Time("tail host time"));
    }
}
