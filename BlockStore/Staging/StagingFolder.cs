using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// Folds the tail of a staging branch into its root (<c>docs/formats/staging.md</c>, Fold). Heavy work for a worker; hand the result to
/// <see cref="StagingPublication"/>. Memory is that of any fold: the indexes of at most 256 segments and one leaf.
/// </summary>
public sealed class StagingFolder
{
    private const int TargetSegmentBytes = 8 << 20;
    private const long PageCacheBytes = 32L << 20;

    private readonly SegmentCache _segments;
    private readonly LineageSealer _sealer;
    private readonly Func<BlobEffect, CancellationToken, ValueTask> _put;

    /// <summary>A folder that reads through a cache, which knows the relocation tables of the origins, seals for one lineage, and stores map segments as they fill.</summary>
    public StagingFolder(SegmentCache segments, LineageSealer sealer, Func<BlobEffect, CancellationToken, ValueTask> put)
    {
        _segments = segments;
        _sealer = sealer;
        _put = put;
    }

    /// <summary>
    /// Folds the whole tail. Null when there is no branch to fold, or the main tail is not folded yet: fold that first, then call again.
    /// An empty tail gives a fold of nothing, which a publication needs as well.
    /// </summary>
    public async Task<StagingFold?> FoldAsync(VolumeHead head, CancellationToken cancellationToken = default)
    {
        if (_sealer.Owner != head.Lineage)
            throw new ArgumentException($"The sealer is for {_sealer.Owner}, the head for {head.Lineage}.", nameof(head));
        if (head.Staging is not { IsAbandoned: false } staging || head.Tail.Count > 0) return null;
        var segments = _segments.At(head.Relocations);
        var tail = await TailManifest.LoadAsync(segments, staging.Tail, cancellationToken);
        var staged = new StagedFills(head, staging, new CatalogueEdit(head, segments));
        var accounts = new StagingAccounts(head.Lineage, staged.Birth);
        // Fills first: what the log touched later in this very tail goes over them, whichever arrived first.
        var run = new List<SegmentReader>(tail.Count);
        foreach (var entry in tail.OrderByDescending(entry => entry.Segment.Identity.Kind).ThenBy(entry => entry.Segment.Identity.Sequence))
        {
            var reader = await TailOverlay.OpenStagedAsync(segments, entry, cancellationToken);
            accounts.Bear(reader.Reference, reader.Index.FrameBytes);
            run.Add(reader);
        }
        var root = staging.RootOf(head);
        if (run.Count > 0)
        {
            using var writer = new PageWriter(_sealer, SegmentKind.Map, staged.Birth, TargetSegmentBytes);
            var pass = new FoldPass(new MapReader(segments, PageCacheBytes), accounts, writer, _put, head.SizeBytes, staged.Birth, staged);
            root = await pass.RunAsync(root, run, cancellationToken);
            foreach (var (segment, bytes) in writer.Segments) accounts.Bear(segment, bytes);
        }
        return new StagingFold
        {
            Lineage = head.Lineage,
            Incarnation = head.Incarnation,
            From = staging,
            FromRoot = staging.RootOf(head),
            ThroughSequence = staging.Sequence,
            Root = root,
            Folded = tail,
            Born = accounts.Born,
            Lost = accounts.Lost,
            Deaths = accounts.Deaths,
            Zeroes = SegmentRanges.Union(run.Where(reader => reader.Reference.Identity.Kind == SegmentKind.Data).SelectMany(reader => reader.Index.Ranges)),
        };
    }
}
