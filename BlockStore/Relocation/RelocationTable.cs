using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Relocation;

/// <summary>
/// The relocation table of a lineage, open for reading and for one change (<c>docs/formats/relocation.md</c>): which container holds the
/// frames of a segment that compaction moved. Loads and rewrites only the pages it touches; a change exists once its root is saved in
/// the head. For one user at a time; readers of images look up through <see cref="SegmentCache.At"/>.
/// </summary>
public sealed class RelocationTable
{
    private const byte MovedRecord = 1;

    private readonly LineageId _lineage;
    private readonly CatalogueTree _tree;

    /// <summary>Opens a lineage's table at a root; null is an empty table.</summary>
    public RelocationTable(LineageId lineage, PageRoot? root, SegmentCache segments)
    {
        _lineage = lineage;
        _tree = new CatalogueTree(segments, root);
    }

    /// <summary>Every moved segment, by kind, sequence and nonce.</summary>
    public async IAsyncEnumerable<MovedSegment> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in _tree.RangeAsync([MovedRecord], [MovedRecord + 1], cancellationToken))
        {
            if (key.Length != 26) throw new CorruptDataException($"The relocation table of {_lineage}", $"it has a key of {key.Length} bytes");
            yield return Decode(_lineage, (SegmentKind)key[1], CatalogueKey.NumberAt(key, 2), CatalogueKey.NonceAt(key, 10), value);
        }
    }

    /// <summary>True for segments whose frames may be moved: what the map refers to.</summary>
    internal static bool IsMovable(SegmentKind kind) => kind is SegmentKind.Data or SegmentKind.Fill or SegmentKind.Compact or SegmentKind.Map;

    internal ValueTask SetAsync(MovedSegment moved, CancellationToken cancellationToken) =>
        _tree.SetAsync(KeyOf(moved.Segment), Encode(moved), cancellationToken);

    internal ValueTask RemoveAsync(SegmentIdentity segment, CancellationToken cancellationToken) =>
        _tree.SetAsync(KeyOf(segment), null, cancellationToken);

    /// <summary>Writes the changed pages under the name of a job; says what was stored, and which stored pages are replaced.</summary>
    internal (PageRoot? Root, IReadOnlyList<BlobEffect> Blobs, IReadOnlyList<(SegmentReference Segment, int FrameBytes)> Born, IReadOnlyList<PageReference> Replaced)
        Seal(LineageSealer sealer, long job)
    {
        using var writer = new PageWriter(sealer, SegmentKind.Relocation, job, targetBytes: 8 << 20);
        var root = _tree.Write(writer);
        var blobs = new List<BlobEffect>();
        while (writer.TryTakeBlob(out var blob)) blobs.Add(blob!);
        return (root, blobs, writer.Segments, _tree.Replaced);
    }

    /// <summary>Finds a segment through pages that somebody else keeps.</summary>
    internal static async ValueTask<MovedSegment?> FindAsync(
        PageRoot root, SegmentIdentity segment, Func<PageReference, int, CancellationToken, Task<CataloguePage>> load,
        CancellationToken cancellationToken)
    {
        var key = KeyOf(segment);
        var page = await load(root.Page, root.Level, cancellationToken);
        while (page.Level > 0) page = await load(page.Children[page.ChildFor(key)].Stored!, page.Level - 1, cancellationToken);
        var at = page.Find(key);
        return at >= 0 ? Decode(segment.Owner, segment.Kind, segment.Sequence, segment.Nonce, page.Values[at]) : null;
    }

    private static byte[] KeyOf(SegmentIdentity segment)
    {
        var key = CatalogueKey.OfLife(segment);
        key[0] = MovedRecord;
        return key;
    }

    private static byte[] Encode(MovedSegment moved)
    {
        var writer = new FormatWriter();
        writer.U32(moved.Segment.Generation);
        writer.I64(moved.Segment.Epoch);
        writer.U32(moved.Container.Identity.Generation);
        writer.I64(moved.Container.Identity.Sequence);
        writer.U128(moved.Container.Identity.Nonce.Value);
        writer.U32(moved.Container.LengthBytes);
        writer.U32(moved.FrameBytes);
        return writer.ToArray();
    }

    private static MovedSegment Decode(LineageId owner, SegmentKind kind, long sequence, BlobNonce nonce, ReadOnlySpan<byte> value)
    {
        var reader = new FormatReader(value, $"Relocation record of segment {sequence:x16}-{nonce} of {owner}");
        if (!IsMovable(kind)) throw reader.Corrupt($"a {kind} segment is never moved");
        var segment = new SegmentIdentity(
            kind, owner, reader.I32("generation", 1, int.MaxValue), reader.I64("epoch", 0, long.MaxValue), sequence, nonce);
        var container = new SegmentIdentity(
            SegmentKind.Moved, owner, reader.I32("container generation", 1, int.MaxValue), 0,
            reader.I64("container job", 0, long.MaxValue), new BlobNonce(reader.U128("container nonce")));
        var moved = new MovedSegment(
            segment,
            new SegmentReference(container, reader.I32("container length", SegmentFormat.MinSegmentBytes, SegmentFormat.MaxSegmentBytes)),
            reader.I32("frame bytes", 0, SegmentFormat.MaxSegmentBytes));
        reader.End();
        return moved;
    }
}
