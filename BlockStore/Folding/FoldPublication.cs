using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>
/// What a fold means for the catalogue (<c>docs/formats/reclaim.md</c>, Fold): the cuts that it passed get their roots, those after it the
/// new base; the recovery window grows at its end and is shortened at its beginning; and the accounts are settled with what is retained
/// then.
/// </summary>
internal sealed class FoldPublication(VolumeHead head, FoldResult fold, SegmentCache segments, LineageSealer sealer, ReclaimTerms terms)
{
    private readonly CatalogueEdit _catalogue = new(head, segments);
    private readonly List<BlobEffect> _blobs = [];
    private readonly List<Dropped> _dropped = [];

    /// <summary>The changed catalogue; null when a cut inside the fold has no root, or the head has another base.</summary>
    public async Task<PreparedChange?> PrepareAsync(CancellationToken cancellationToken)
    {
        if (!fold.IsFor(head) || !await MoveCutsAsync(cancellationToken)) return null;
        await ExtendWindowAsync(cancellationToken);
        var (dropped, blobs) = await RecoveryPoints.AdvanceAsync(
            head, _catalogue, terms.Retention, terms.Now, segments, sealer, terms.Limits, cancellationToken);
        var version = head.Version + 1;
        var ledger = new SpaceLedger(_catalogue, await Holds.LoadAsync(_catalogue, cancellationToken), terms.Now, version);
        await ledger.ReleaseAsync(_dropped.Concat(dropped).Select(image => image.Hold), terms.Limits, cancellationToken);
        foreach (var life in fold.Born) ledger.Bear(life);
        foreach (var (segment, bytes) in fold.Lost) ledger.Lose(segment, bytes);
        foreach (var death in fold.Deaths) ledger.Bury(death);
        await TailChains.ReleaseAsync(
            head, null, _catalogue, ledger, [head.RetiredTail, .. _dropped.Concat(dropped).Select(image => image.Tail)], [.. _blobs, .. blobs], segments,
            cancellationToken);
        foreach (var subtree in fold.Subtrees) await _catalogue.PutSubtreeAsync(subtree, cancellationToken);
        await ledger.SettleAsync(cancellationToken);
        var update = await _catalogue.SealAsync(sealer, version, terms.Now, cancellationToken);
        return new PreparedChange(update with { Blobs = [.. _blobs, .. blobs, .. update.Blobs] }) { Fold = fold, IsPartial = ledger.IsReleaseLeft };
    }

    // An image that reads the old base and tail reads the new base with less of the tail, or none: the same bytes (I4).
    private async Task<bool> MoveCutsAsync(CancellationToken cancellationToken)
    {
        var snapshots = new List<SnapshotRecord>();
        await foreach (var snapshot in _catalogue.ListSnapshotsAsync(cancellationToken))
            if (snapshot.BaseSequence == fold.FromSequence && snapshot.Image.Tail.Count > 0) snapshots.Add(snapshot);
        foreach (var snapshot in snapshots)
        {
            var moved = await MoveAsync(snapshot, cancellationToken);
            if (moved is null) return false;
            _dropped.Add(Dropped.Of(snapshot));
            await _catalogue.PutSnapshotAsync(moved, cancellationToken);
        }
        return true;
    }

    private async Task<SnapshotRecord?> MoveAsync(SnapshotRecord snapshot, CancellationToken cancellationToken)
    {
        if (fold.CutRoots.TryGetValue(snapshot.Sequence, out var root))
            return snapshot with { BaseSequence = snapshot.Sequence, Image = snapshot.Image with { Root = root, Tail = Tail.Empty } };
        if (snapshot.Sequence < fold.ThroughSequence) return null;
        var entries = await TailManifest.LoadAsync(segments, snapshot.Image.Tail, cancellationToken);
        var (tail, blobs) = TailManifest.Pack([.. entries.Skip(fold.Folded.Count)], sealer, snapshot.Sequence);
        _blobs.AddRange(blobs);
        return snapshot with { BaseSequence = fold.ThroughSequence, Image = snapshot.Image with { Root = fold.Root, Tail = tail } };
    }

    private async Task ExtendWindowAsync(CancellationToken cancellationToken)
    {
        var own = fold.Folded.Where(entry => entry.Segment.Identity.Owner == head.Lineage).ToArray();
        var window = await _catalogue.GetWindowAsync(cancellationToken);
        if (window is null)
        {
            // A clone begins on a tail of its origin's: its window begins at its first root.
            var isWhole = own.Length == fold.Folded.Count;
            window = new RecoveryWindow(isWhole ? fold.FromSequence : fold.CutRoots.Keys.Min(), fold.Folded[0].CommittedAt);
            await _catalogue.SetWindowAsync(window, cancellationToken);
            if (isWhole) await _catalogue.PutBaseAsync(new BaseRecord(window.FromSequence, fold.SizeBytes, fold.FromRoot), cancellationToken);
        }
        foreach (var (sequence, root) in fold.CutRoots)
            await _catalogue.PutBaseAsync(new BaseRecord(sequence, fold.SizeBytes, root), cancellationToken);
        foreach (var entry in own.Where(entry => entry.Segment.Identity.Sequence >= window.FromSequence))
            await _catalogue.PutPointAsync(entry, cancellationToken);
    }
}
