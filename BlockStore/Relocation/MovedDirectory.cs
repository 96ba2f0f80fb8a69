using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Relocation;

/// <summary>
/// The last frame of a container (<c>docs/formats/relocation.md</c>, Containers): whose frames the others are, in their order.
/// </summary>
/// <param name="Sources">Each segment, with the indexes that its frames have there, rising.</param>
internal sealed record MovedDirectory(IReadOnlyList<(SegmentIdentity Segment, int[] Indexes)> Sources)
{
    public const int MaxSources = 16_384;
    private const int SourceBytes = 1 + 4 + 8 + 8 + 16 + 4;

    private static ReadOnlySpan<byte> Magic => "TIDEMOV1"u8;

    public byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        writer.U32(Sources.Count);
        foreach (var (segment, indexes) in Sources)
        {
            writer.U8((byte)segment.Kind);
            writer.U32(segment.Generation);
            writer.I64(segment.Epoch);
            writer.I64(segment.Sequence);
            writer.U128(segment.Nonce.Value);
            writer.U32(indexes.Length);
            foreach (var index in indexes) writer.U32(index);
        }
        return writer.ToArray();
    }

    /// <summary>Decodes the directory of a container of <paramref name="frames"/> moved frames.</summary>
    public static MovedDirectory Decode(ReadOnlySpan<byte> bytes, LineageId owner, int frames, string what)
    {
        var reader = new FormatReader(bytes, what);
        reader.Expect(Magic, "directory magic");
        var sources = new (SegmentIdentity, int[])[reader.Count("source count", MaxSources, SourceBytes)];
        var total = 0;
        for (var i = 0; i < sources.Length; i++)
        {
            var kind = (SegmentKind)reader.U8("source kind");
            if (!RelocationTable.IsMovable(kind)) throw reader.Corrupt($"source {i} is of kind {(int)kind}, whose frames are never moved");
            var segment = new SegmentIdentity(
                kind, owner, reader.I32("source generation", 1, int.MaxValue), reader.I64("source epoch", 0, long.MaxValue),
                reader.I64("source sequence", 0, long.MaxValue), new BlobNonce(reader.U128("source nonce")));
            var indexes = new int[reader.Count("source frames", frames - total, 4)];
            for (var at = 0; at < indexes.Length; at++)
                indexes[at] = reader.I32("frame index", at == 0 ? 0 : indexes[at - 1] + 1, SegmentFormat.MaxEntries - 1);
            total += indexes.Length;
            sources[i] = (segment, indexes);
        }
        if (total != frames) throw reader.Corrupt($"it names {total} frames of the {frames} that the container holds");
        reader.End();
        return new MovedDirectory(sources);
    }
}
