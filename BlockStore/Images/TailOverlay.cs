using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Images;

/// <summary>
/// What a tail says about blocks, newest first: for each block the fragments that its segments leave alive, and which
/// sectors they made zero. Sectors in neither are the base's.
/// </summary>
internal sealed class TailOverlay
{
    /// <summary>Segments that are opened at once.</summary>
    public const int ParallelReads = 8;

    private readonly SortedDictionary<uint, FragmentList> _blocks = [];
    private IReadOnlyList<SegmentRange> _zeroes = [];

    private TailOverlay()
    {
    }

    /// <summary>Blocks that hold fragments, in order.</summary>
    public IEnumerable<uint> Blocks => _blocks.Keys;

    /// <summary>Sectors made zero and not written since by a fragment; sorted and disjoint. Fragments stand before them.</summary>
    public IReadOnlyList<SegmentRange> Zeroes => _zeroes;

    public FragmentList? Find(uint block) => _blocks.GetValueOrDefault(block);

    /// <summary>Sectors of a block whose base content is hidden.</summary>
    public ushort HiddenMask(uint block) => (ushort)((Find(block)?.Mask ?? 0) | SegmentRanges.MaskOf(_zeroes, block));

    /// <summary>True when one zeroed range hides everything in blocks [first, end) of an image of some size.</summary>
    public bool Hides(long firstBlock, long endBlock, long sizeBytes)
    {
        var first = firstBlock * BlockGeometry.SectorsPerBlock;
        var end = Math.Min(endBlock * BlockGeometry.SectorsPerBlock, sizeBytes / BlockGeometry.SectorBytes);
        var at = SegmentRanges.FirstEndingAfter(_zeroes, first);
        return at < _zeroes.Count && _zeroes[at].FirstSector <= first && _zeroes[at].EndSector >= end;
    }

    /// <summary>Opens every segment of a tail, checks each against its entry, and applies them in order.</summary>
    public static async Task<TailOverlay> LoadAsync(
        SegmentCache segments, IReadOnlyList<TailEntry> tail, CancellationToken cancellationToken, int parallelOpens = ParallelReads)
    {
        var overlay = new TailOverlay();
        var zeroes = new List<SegmentRange>();
        foreach (var batch in tail.Chunk(parallelOpens))
        {
            var opened = await Task.WhenAll(batch.Select(entry => OpenAsync(segments, entry, cancellationToken)));
            foreach (var reader in opened) overlay.Apply(reader, zeroes);
        }
        overlay._zeroes = SegmentRanges.Union(zeroes);
        return overlay;
    }

    /// <summary>Opens a tail's segment and checks that it is the one that was committed.</summary>
    public static async Task<SegmentReader> OpenAsync(SegmentCache segments, TailEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Segment.Identity.Kind != SegmentKind.Data)
            throw new CorruptDataException($"Segment {entry.Segment.Identity.BlobKey}", "it stands in a tail that holds log segments alone");
        return await OpenStagedAsync(segments, entry, cancellationToken);
    }

    /// <summary>As above, from a staging branch's tail, where fills stand as well.</summary>
    internal static async Task<SegmentReader> OpenStagedAsync(SegmentCache segments, TailEntry entry, CancellationToken cancellationToken)
    {
        var reader = await segments.OpenAsync(entry.Segment, cancellationToken);
        if (reader.Index.Header.Digest != entry.Digest || reader.Index.Header.LogEnd != entry.LogEnd)
            throw new CorruptDataException(
                $"Segment {entry.Segment.Identity.BlobKey}", "its header has another digest or log end than was committed");
        return reader;
    }

    private void Apply(SegmentReader reader, List<SegmentRange> zeroes)
    {
        foreach (var range in reader.Index.Ranges)
        {
            zeroes.Add(range);
            var first = (uint)(range.FirstSector / BlockGeometry.SectorsPerBlock);
            var last = (uint)((range.EndSector - 1) / BlockGeometry.SectorsPerBlock);
            if (last - first < _blocks.Count)
            {
                for (var block = first; block <= last; block++) Cover(block, range);
            }
            else
            {
                foreach (var block in _blocks.Keys)
                    if (block >= first && block <= last) Cover(block, range);
            }
        }
        var identity = reader.Index.Header.Identity;
        for (var i = 0; i < reader.Index.Entries.Count; i++)
        {
            var entry = reader.Index.Entries[i];
            if (!_blocks.TryGetValue(entry.Block, out var list)) _blocks[entry.Block] = list = new FragmentList();
            list.Cover(entry.Mask, null);
            list.Add(new MapFragment(reader.Reference, i, entry.Mask, identity.Sequence, entry.StoredBytes, entry.Tag));
        }
    }

    private void Cover(uint block, SegmentRange range) => Find(block)?.Cover(SegmentRanges.MaskOf([range], block), null);
}
