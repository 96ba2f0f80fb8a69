using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// A clone's hold on a cut of its origin: saved in the origin before the clone's head exists, so that nothing the clone reads can be
/// freed (I5). An unconfirmed pin is released only after asking the clone.
/// </summary>
/// <param name="CloneVolumeId">The clone.</param>
/// <param name="SnapshotId">The cut that it holds.</param>
/// <param name="FromSequence">Base sequence of the image that the clone began as: what its root holds.</param>
/// <param name="Sequence">That cut's sequence.</param>
/// <param name="Image">That image: what is held for the clone.</param>
/// <param name="CreatedAt">Service's clock.</param>
/// <param name="IsConfirmed">True once the clone's head is known to exist.</param>
public sealed record PinRecord(string CloneVolumeId, string SnapshotId, long FromSequence, long Sequence, ImageDescriptor Image, DateTimeOffset CreatedAt, bool IsConfirmed)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.Text(SnapshotId);
        writer.I64(FromSequence);
        writer.I64(Sequence);
        writer.Time(CreatedAt);
        writer.Flag(IsConfirmed);
        writer.Counted(Image.Encode());
        return writer.ToArray();
    }

    internal static PinRecord Decode(string cloneVolumeId, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, $"Catalogue record of the pin of {cloneVolumeId}");
        var snapshotId = reader.Text("pinned snapshot");
        var from = reader.I64("pinned base sequence", 0, long.MaxValue);
        var sequence = reader.I64("pinned sequence", from, long.MaxValue);
        var created = reader.Time("pin time");
        var isConfirmed = reader.Flag("pin confirmation");
        var record = new PinRecord(
            cloneVolumeId, snapshotId, from, sequence, ImageDescriptor.Decode(reader.Counted("pinned image")), created, isConfirmed);
        reader.End();
        return record;
    }
}
