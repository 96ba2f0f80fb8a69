using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>A retained cut: the volume as it was after one committed segment (I4).</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="Sequence">Last segment that it holds.</param>
/// <param name="BaseSequence">
/// What the image's root holds: <paramref name="Sequence"/> itself once a fold has written the cut's root; its tail holds the rest.
/// </param>
/// <param name="LogEnd">Log position after that.</param>
/// <param name="CommittedAt">Service's clock at that commit; what retention uses.</param>
/// <param name="HostTime">Host's clock at the last record; for display.</param>
/// <param name="Image">What to read. A fold replaces root and tail by a root alone, which reads the same.</param>
public sealed record SnapshotRecord(
    string SnapshotId, long Sequence, long BaseSequence, long LogEnd, DateTimeOffset CommittedAt, DateTimeOffset HostTime, ImageDescriptor Image)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.I64(Sequence);
        writer.I64(BaseSequence);
        writer.I64(LogEnd);
        writer.Time(CommittedAt);
        writer.Time(HostTime);
        writer.Counted(Image.Encode());
        return writer.ToArray();
    }

    internal static SnapshotRecord Decode(string snapshotId, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, $"Catalogue record of snapshot {snapshotId}");
        var sequence = reader.I64("snapshot sequence", 0, long.MaxValue);
        var record = new SnapshotRecord(
            snapshotId,
            sequence,
            reader.I64("snapshot base sequence", 0, sequence),
            reader.I64("snapshot log end", 0, long.MaxValue),
            reader.Time("snapshot commit time"),
            reader.Time("snapshot host time"),
            ImageDescriptor.Decode(reader.Counted("snapshot image")));
        reader.End();
        return record;
    }
}
