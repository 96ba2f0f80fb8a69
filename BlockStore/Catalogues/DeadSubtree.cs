using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// A whole subtree of the map that one discard dropped, not yet looked into: its frames and pages died no later than
/// <paramref name="Death"/>. Until it is expanded, what a deletion would free is known as "at least".
/// </summary>
/// <param name="Death">Sequence of the discard.</param>
/// <param name="Level">Level of the page.</param>
/// <param name="Number">Its number at that level.</param>
/// <param name="Page">The page.</param>
public sealed record DeadSubtree(long Death, int Level, long Number, PageReference Page)
{
    internal byte[] Encode()
    {
        var owners = new OwnerTable();
        var body = new FormatWriter();
        Page.Write(body, owners);
        var writer = new FormatWriter();
        owners.Write(writer);
        writer.Bytes(body.Written);
        return writer.ToArray();
    }

    internal static PageReference DecodePage(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Catalogue record of a dead subtree");
        var owners = OwnerTable.Read(ref reader);
        var page = PageReference.Read(ref reader, owners, SegmentKind.Map);
        reader.End();
        return page;
    }
}
