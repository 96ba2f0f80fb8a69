using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// A clone's hold on a cut of its origin: saved in the origin before the clone's head exists, so that nothing the clone reads can be
/// freed (I5). An unconfirmed pin is released only after asking the clone.
/// </summary>
/// <param name="CloneVolumeId">The clone.</param>
/// <param name="SnapshotId">The cut that it holds.</param>
/// <param name="Sequence">That cut's sequence.</param>
/// <param name="CreatedAt">Service's clock.</param>
/// <param name="IsConfirmed">True once the clone's head is known to exist.</param>
public sealed record PinRecord(string CloneVolumeId, string SnapshotId, long Sequence, DateTimeOffset CreatedAt, bool IsConfirmed)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.Text(SnapshotId);
        writer.I64(Sequence);
        writer.Time(CreatedAt);
        writer.Flag(IsConfirmed);
        return writer.ToArray();
    }

    internal static PinRecord Decode(string cloneVolumeId, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, $"Catalogue record of the pin of {cloneVolumeId}");
        var record = new PinRecord(
            cloneVolumeId, reader.Text("pinned snapshot"), reader.I64("pinned sequence", 0, long.MaxValue), reader.Time("pin time"), reader.Flag("pin confirmation"));
        reader.End();
        return record;
    }
}
