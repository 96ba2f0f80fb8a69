using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Segments;

/// <summary>Where a page is and what it must turn out to be.</summary>
/// <param name="Segment">The segment that holds it.</param>
/// <param name="Index">Its frame there.</param>
/// <param name="StoredBytes">Size of that frame: what the accounting counts.</param>
/// <param name="Hash">Hash of its content, checked on every load.</param>
public sealed record PageReference(SegmentReference Segment, int Index, int StoredBytes, PageHash Hash)
{
    internal void Write(FormatWriter writer, OwnerTable owners)
    {
        Segment.Write(writer, owners);
        writer.U32(Index);
        writer.U32(StoredBytes);
        Hash.Write(writer);
    }

    internal static PageReference Read(ref FormatReader reader, OwnerTable owners, SegmentKind kind)
    {
        var segment = SegmentReference.Read(ref reader, owners);
        if (segment.Identity.Kind != kind) throw reader.Corrupt($"a {segment.Identity.Kind} segment stands where a {kind} segment belongs");
        return new PageReference(
            segment,
            reader.I32("page index", 0, SegmentFormat.MaxEntries - 1),
            reader.I32("page bytes", 1, SegmentFormat.MaxPageBytes),
            PageHash.Read(ref reader));
    }
}
