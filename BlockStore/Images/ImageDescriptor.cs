using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Images;

/// <summary>
/// All a reader needs, besides keys, to read a volume as it was at one point: a base root and the tail after it
/// (<c>docs/formats/image.md</c>). Immutable, as everything it names is (I4).
/// </summary>
/// <param name="SizeBytes">Size of the volume at that point; a multiple of 4096.</param>
/// <param name="Root">Base root, or null when the base is all zero.</param>
/// <param name="Tail">Segments after it.</param>
/// <param name="Relocations">
/// Where frames that were moved are found: the tables of the volume's lineage and of its origins, as they are when the image is to be
/// read. A cut's record has none, because tables change after it was made (<c>docs/formats/relocation.md</c>, Readers).
/// </param>
public sealed record ImageDescriptor(long SizeBytes, PageRoot? Root, Tail Tail, IReadOnlyList<RelocationRoot> Relocations)
{
    private static ReadOnlySpan<byte> Magic => "TIDEIMG1"u8;

    /// <summary>An image of zeroes.</summary>
    public static ImageDescriptor Empty(long sizeBytes) => new(sizeBytes, null, Tail.Empty, []);

    /// <summary>Every lineage that the descriptor itself names; pages may name more, all within the volume's keyring.</summary>
    public IReadOnlyList<LineageId> Owners => [.. References().Select(reference => reference.Identity.Owner).Distinct()];

    /// <summary>Segments that a reader opens before any other, root first.</summary>
    public IEnumerable<SegmentReference> FirstRead => References().Concat(Relocations.Select(static relocation => relocation.Root.Page.Segment)).Distinct();

    /// <summary>The same image, read through other tables; of two of one lineage the first counts.</summary>
    public ImageDescriptor At(IEnumerable<RelocationRoot> relocations) =>
        this with { Relocations = [.. relocations.DistinctBy(relocation => relocation.Lineage)] };

    /// <inheritdoc/>
    public bool Equals(ImageDescriptor? other) =>
        other is not null && SizeBytes == other.SizeBytes && Root == other.Root && Tail == other.Tail
        && Relocations.SequenceEqual(other.Relocations);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(SizeBytes, Root, Tail, Relocations.Count);

    /// <summary>The descriptor as bytes, at most 4 KiB, and 160 bytes more for each relocation table.</summary>
    public byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        var owners = new OwnerTable();
        var body = new FormatWriter();
        Write(body, owners);
        owners.Write(writer);
        writer.Bytes(body.Written);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; throws <see cref="CorruptDataException"/> for anything else.</summary>
    public static ImageDescriptor Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Image descriptor");
        reader.Expect(Magic, "image magic");
        var owners = OwnerTable.Read(ref reader);
        var image = Read(ref reader, owners);
        reader.End();
        return image;
    }

    internal void Write(FormatWriter writer, OwnerTable owners)
    {
        writer.I64(SizeBytes);
        PageRoot.WriteOptional(writer, owners, Root);
        Tail.Write(writer, owners);
        RelocationRoot.WriteAll(writer, owners, Relocations);
    }

    internal static ImageDescriptor Read(ref FormatReader reader, OwnerTable owners)
    {
        var size = reader.I64("image size", 0, BlockGeometry.MaxVolumeBytes);
        if (size % BlockGeometry.SectorBytes != 0) throw reader.Corrupt($"image size {size} is no multiple of {BlockGeometry.SectorBytes}");
        return new ImageDescriptor(
            size,
            PageRoot.ReadOptional(ref reader, owners, SegmentKind.Map, MapGeometry.MaxLevel),
            Tail.Read(ref reader, owners),
            RelocationRoot.ReadAll(ref reader, owners));
    }

    private IEnumerable<SegmentReference> References()
    {
        if (Root is not null) yield return Root.Page.Segment;
        if (Tail.Manifest is not null) yield return Tail.Manifest;
        foreach (var entry in Tail.Inline) yield return entry.Segment;
    }
}
