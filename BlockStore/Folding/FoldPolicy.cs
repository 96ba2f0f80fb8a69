using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>
/// When a tail is worth folding (<c>docs/formats/map.md</c>, Folding): the pages that the fold would write again are little beside the data
/// that came since the last one, or replaying the tail takes readers too long, or the tail is nearly full. Writes scattered over a large
/// volume touch nearly every leaf whenever they are folded, so that folding them late saves most of what folding costs.
/// </summary>
public static class FoldPolicy
{
    /// <summary>Segments of a tail that is folded whatever it costs: room is left for commits while the fold runs.</summary>
    public const int FullSegments = Tail.MaxSegments - 32;

    /// <summary>Frames of a tail that readers replay in about a second.</summary>
    public const int MaxReplayFrames = 1 << 20;

    /// <summary>Pages written over data written that a fold may cost.</summary>
    public const double MaxPageShare = 0.10;

    /// <summary>Bytes of pages that are written whatever share they are.</summary>
    public const int CheapPageBytes = 32 << 10;

    /// <summary>After a tail was found not to be worth folding, it is looked at again this many segments later.</summary>
    public const int AskAgainAfter = 32;

    private const int SampledLeaves = 64;
    private const int ParallelOpens = 8;
    private const long PageCacheBytes = 4L << 20;
    /// <summary>Stored bytes of one fragment in a leaf, about: tag and nonce do not compress.</summary>
    private const int BytesPerFragment = 56;

    /// <summary>
    /// True when it is time to ask: <see cref="HeadMachine.ShouldFold"/>, and not just after it was asked in vain.
    /// </summary>
    /// <param name="head">The head.</param>
    /// <param name="askedAt">Segments of the tail when it was last asked; 0 when not since the last fold.</param>
    public static bool IsTimeToAsk(VolumeHead head, int askedAt) => HeadMachine.ShouldFold(head)
        && (askedAt == 0 || head.Tail.Count >= askedAt + AskAgainAfter || head.Tail.Count >= FullSegments);

    /// <summary>
    /// True when the whole tail of a head should be folded now. Opens the index of every segment in the tail, and a few pages of the map.
    /// </summary>
    public static async Task<bool> IsWorthItAsync(VolumeHead head, SegmentCache segments, CancellationToken cancellationToken = default)
    {
        if (head.Tail.Count >= FullSegments) return true;
        segments = segments.At(head.Relocations);
        var tail = await TailManifest.LoadAsync(segments, head.Tail, cancellationToken);
        var leaves = new HashSet<long>();
        long frames = 0, bytes = 0;
        foreach (var batch in tail.Chunk(ParallelOpens))
        {
            foreach (var reader in await Task.WhenAll(batch.Select(entry => TailOverlay.OpenAsync(segments, entry, cancellationToken))))
            {
                frames += reader.Index.Entries.Count + reader.Index.Ranges.Count;
                bytes += reader.Index.FrameBytes;
                foreach (var entry in reader.Index.Entries) leaves.Add(entry.Block / BlockGeometry.PageEntries);
            }
        }
        if (frames >= MaxReplayFrames) return true;
        var pages = (frames * BytesPerFragment) + (leaves.Count * await LeafBytesAsync(head.Root, leaves, segments, cancellationToken));
        return pages <= Math.Max(bytes * MaxPageShare, CheapPageBytes);
    }

    /// <summary>Stored bytes of a leaf that is touched, on average over a sample; told by the pages above them.</summary>
    private static async Task<long> LeafBytesAsync(
        PageRoot? root, HashSet<long> leaves, SegmentCache segments, CancellationToken cancellationToken)
    {
        if (root is null || leaves.Count == 0) return 0;
        var map = new MapReader(segments, PageCacheBytes);
        var step = Math.Max(1, leaves.Count / SampledLeaves);
        long bytes = 0, sampled = 0;
        foreach (var leaf in leaves.Order().Where((_, at) => at % step == 0))
        {
            bytes += (await map.FindLeafReferenceAsync(root, leaf * BlockGeometry.PageEntries, cancellationToken))?.StoredBytes ?? 0;
            sampled++;
        }
        return bytes / sampled;
    }
}
