using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Segments;

/// <summary>A segment and the size of its blob: what a reader needs to find its index with one read.</summary>
public sealed record SegmentReference(SegmentIdentity Identity, int LengthBytes)
{
    internal const int EncodedBytes = SegmentIdentity.EncodedBytes + 4;

    internal void Write(FormatWriter writer, OwnerTable owners)
    {
        Identity.Write(writer, owners);
        writer.U32(LengthBytes);
    }

    internal static SegmentReference Read(ref FormatReader reader, OwnerTable owners) =>
        new(
            SegmentIdentity.Read(ref reader, owners),
            reader.I32("segment length", SegmentFormat.MinSegmentBytes, SegmentFormat.MaxSegmentBytes));

    internal static void WriteOptional(FormatWriter writer, OwnerTable owners, SegmentReference? reference)
    {
        writer.Flag(reference is not null);
        reference?.Write(writer, owners);
    }

    internal static SegmentReference? ReadOptional(ref FormatReader reader, OwnerTable owners, SegmentKind kind)
    {
        if (!reader.Flag("reference flag")) return null;
        var reference = Read(ref reader, owners);
        return reference.Identity.Kind == kind
            ? reference
            : throw reader.Corrupt($"a {reference.Identity.Kind} segment stands where a {kind} segment belongs");
    }
}
