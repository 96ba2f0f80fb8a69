using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>
/// Folds a tail into new map pages (<c>docs/formats/map.md</c>, Folding). Heavy work: run it in a worker, never in a grain's turn, and
/// hand the result to <see cref="PreparedChange.OfFoldAsync"/>. Every segment's index is opened and checked against its commit before
/// anything of it enters a root. A fold that is never published leaves orphans and harms nothing.
/// </summary>
public sealed class Folder
{
    /// <summary>Map segments are rolled at this size: fewer requests for folds that write most of a large map, and readers fetch pages of any.</summary>
    private const int TargetSegmentBytes = 16 << 20;
    private const long PageCacheBytes = 32L << 20;

    private readonly SegmentCache _segments;
    private readonly LineageSealer _sealer;
    private readonly Func<BlobEffect, CancellationToken, ValueTask> _put;
    private readonly MergeOptions _merging;

    /// <summary>
    /// A folder that reads through a cache, which knows the relocation tables of the origins, seals for one lineage, and stores map segments
    /// and those of merged frames as they fill.
    /// </summary>
    public Folder(
        SegmentCache segments, LineageSealer sealer, Func<BlobEffect, CancellationToken, ValueTask> put, MergeOptions? merging = null)
    {
        _merging = (merging ?? new MergeOptions()).Validated();
        _segments = segments;
        _sealer = sealer;
        _put = put;
    }

    /// <summary>
    /// Folds the whole tail of a head; null when it is empty. <paramref name="retainedCuts"/> are the sequences of all retained cuts from
    /// the head's base sequence on: a root is written at each.
    /// </summary>
    public async Task<FoldResult?> FoldAsync(
        VolumeHead head, IReadOnlyCollection<long> retainedCuts, CancellationToken cancellationToken = default)
    {
        if (_sealer.Owner != head.Lineage)
            throw new ArgumentException($"The sealer is for {_sealer.Owner}, the head for {head.Lineage}.", nameof(head));
        var segments = _segments.At(head.Relocations);
        var tail = await TailManifest.LoadAsync(segments, head.Tail, cancellationToken);
        if (tail.Count == 0) return null;
        var accounts = new FoldAccounts(head.Lineage);
        using var merger = new BlockMerger(segments, _sealer, accounts, _put, _merging);
        var map = new MapReader(segments, PageCacheBytes);
        var cutRoots = new Dictionary<long, PageRoot?>();
        var root = head.Root;
        var folded = 0;
        foreach (var (end, cut) in Stops(head, tail, retainedCuts))
        {
            var run = new List<SegmentReader>(end - folded);
            foreach (var batch in tail.Take(folded..end).Chunk(TailOverlay.ParallelReads))
                run.AddRange(await Task.WhenAll(batch.Select(entry => TailOverlay.OpenAsync(segments, entry, cancellationToken))));
            foreach (var reader in run) accounts.Bear(reader.Reference, reader.Index.FrameBytes);
            folded = end;
            if (run.Count > 0)
            {
                using var writer = new PageWriter(_sealer, SegmentKind.Map, cut, TargetSegmentBytes);
                root = await new FoldPass(map, accounts, writer, _put, head.SizeBytes, cut, merger: merger).RunAsync(root, run, cancellationToken);
                foreach (var (segment, bytes) in writer.Segments) accounts.Bear(segment, bytes);
            }
            cutRoots[cut] = root;
        }
        return new FoldResult
        {
            Lineage = head.Lineage,
            Incarnation = head.Incarnation,
            FromSequence = head.BaseSequence,
            FromRoot = head.Root,
            ThroughSequence = head.CommittedSequence,
            Root = root,
            Folded = tail,
            SizeBytes = head.SizeBytes,
            CutRoots = cutRoots,
            Born = accounts.Born,
            Lost = accounts.Lost,
            Deaths = accounts.Deaths,
            Subtrees = accounts.Subtrees,
            Merging = merger.Tally,
        };
    }

    /// <summary>Where to stop and write a root: after how many segments of the tail, for which sequence; the end is always one.</summary>
    private static IEnumerable<(int End, long Cut)> Stops(
        VolumeHead head, IReadOnlyList<TailEntry> tail, IReadOnlyCollection<long> retainedCuts)
    {
        foreach (var cut in retainedCuts.Where(cut => cut >= head.BaseSequence && cut < head.CommittedSequence).Distinct().Order())
        {
            // What an origin wrote comes before anything of our own.
            var own = tail.Count(entry => entry.Segment.Identity.Owner != head.Lineage || entry.Segment.Identity.Sequence <= cut);
            yield return (own, cut);
        }
        yield return (tail.Count, head.CommittedSequence);
    }
}
