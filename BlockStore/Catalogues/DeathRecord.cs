using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// Frames of one segment that were born in one sequence and overwritten in another. They may be freed when no retained cut
/// <c>c</c> has <c>birth &lt;= c &lt; death</c>.
/// </summary>
/// <param name="Birth">Sequence that wrote them.</param>
/// <param name="Death">Sequence that overwrote the last of their sectors.</param>
/// <param name="Kind">Kind of the segment that they are in.</param>
/// <param name="SegmentSequence">Its sequence.</param>
/// <param name="SegmentNonce">Its nonce.</param>
/// <param name="Bytes">Stored bytes.</param>
/// <param name="Frames">How many.</param>
public sealed record DeathRecord(
    long Birth, long Death, SegmentKind Kind, long SegmentSequence, BlobNonce SegmentNonce, long Bytes, long Frames)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.I64(Bytes);
        writer.I64(Frames);
        return writer.ToArray();
    }

    internal static (long Bytes, long Frames) Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Catalogue record of a dead list");
        var value = (reader.I64("dead bytes", 0, long.MaxValue), reader.I64("dead frames", 0, long.MaxValue));
        reader.End();
        return value;
    }
}
