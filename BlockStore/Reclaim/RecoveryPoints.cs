using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// The recovery window of a volume (<c>docs/formats/reclaim.md</c>, Recovery window): each commit in it can be read, from the base before
/// and the segments in between, and can be kept beyond it as a cut.
/// </summary>
public static class RecoveryPoints
{
    /// <summary>What the ids of cuts begin with that thinning has kept.</summary>
    public const string KeptPrefix = "point-";

    /// <summary>True for the cut of a point that thinning has kept: a name within the volume, which nobody asked for and no snapshot goes by.</summary>
    public static bool IsKept(SnapshotRecord cut) => cut.SnapshotId.StartsWith(KeptPrefix, StringComparison.Ordinal);

    /// <summary>
    /// The volume as it was after one commit, as a cut of the given id, and the blob to store before it is used; null when neither the
    /// window nor thinning has kept it, or the head has not come so far.
    /// </summary>
    public static async Task<(SnapshotRecord Cut, IReadOnlyList<BlobEffect> Blobs)?> FindAsync(
        VolumeHead head, CatalogueEdit catalogue, long sequence, string snapshotId, SegmentCache segments, LineageSealer sealer,
        CancellationToken cancellationToken = default)
    {
        if (sequence > head.BaseSequence && sequence <= head.CommittedSequence)
        {
            var tail = await TailManifest.LoadAsync(segments, head.Tail, cancellationToken);
            var at = tail.ToList().FindIndex(entry => entry.Segment.Identity.Owner == head.Lineage && entry.Segment.Identity.Sequence == sequence);
            return at < 0 ? null : CutOf(snapshotId, head.BaseSequence, head.Root, head.SizeBytes, [.. tail.Take(at + 1)], sealer);
        }
        if (await catalogue.FindSnapshotAsync(KeptId(sequence), cancellationToken) is { } kept) return (kept with { SnapshotId = snapshotId }, []);
        if (await catalogue.GetWindowAsync(cancellationToken) is not { } window || sequence < window.FromSequence) return null;
        // Folds are seldom further apart than a tail is long; the window itself begins with a base.
        var (before, size) = await FindBaseAsync(head, catalogue, Math.Max(window.FromSequence, sequence - Tail.MaxSegments), sequence, cancellationToken);
        if (before is null) (before, size) = await FindBaseAsync(head, catalogue, window.FromSequence, sequence, cancellationToken);
        if (before is null) return null;
        var entries = new List<TailEntry>();
        await foreach (var entry in catalogue.ListPointsAsync(Math.Min(before.Sequence, sequence - 1), cancellationToken))
        {
            if (entry.Segment.Identity.Sequence > sequence) break;
            entries.Add(entry);
        }
        if (entries.Count == 0 || entries[^1].Segment.Identity.Sequence != sequence) return null;
        return CutOf(snapshotId, before.Sequence, before.Root, size, entries, sealer);
    }

    /// <summary>
    /// Moves the beginning of the window to where the retention puts it, keeps what thinning keeps, and lets go of what it kept long
    /// enough, within limits. Returns what is gone, and blobs to store with the change.
    /// </summary>
    internal static async Task<(IReadOnlyList<Dropped> Dropped, IReadOnlyList<BlobEffect> Blobs)> AdvanceAsync(
        VolumeHead head, CatalogueEdit catalogue, Retention retention, DateTimeOffset now, SegmentCache segments, LineageSealer sealer,
        ReclaimLimits limits, CancellationToken cancellationToken)
    {
        var dropped = new List<Dropped>();
        var blobs = new List<BlobEffect>();
        await foreach (var kept in catalogue.ListSnapshotsAsync(RecoveryPoints.KeptPrefix, cancellationToken))
        {
            if (kept.CommittedAt <= now - retention.ThinFor) dropped.Add(Dropped.Of(kept));
            if (dropped.Count == limits.Expired) break;
        }
        foreach (var kept in dropped) await catalogue.RemoveSnapshotAsync(KeptId(kept.Hold.ThroughSequence), cancellationToken);
        if (await catalogue.GetWindowAsync(cancellationToken) is not { } window) return (dropped, blobs);
        var old = new List<TailEntry>();
        await foreach (var entry in catalogue.ListPointsAsync(window.FromSequence - 1, cancellationToken))
        {
            if (entry.CommittedAt > now - retention.Window || old.Count == limits.Points) break;
            old.Add(entry);
        }
        var bases = new List<long>();
        await foreach (var known in catalogue.ListBasesAsync(cancellationToken))
        {
            if (old.Count == 0 || known.Sequence > SequenceOf(old[^1])) break;
            bases.Add(known.Sequence);
        }
        if (bases.Count == 0 || bases[^1] <= window.FromSequence) return (dropped, blobs);
        var from = bases[^1];
        foreach (var entry in Thin(old, from, retention, now))
        {
            var found = await FindAsync(head, catalogue, SequenceOf(entry), KeptId(SequenceOf(entry)), segments, sealer, cancellationToken);
            if (found is not { } point) continue;
            blobs.AddRange(point.Blobs);
            await catalogue.PutSnapshotAsync(point.Cut, cancellationToken);
        }
        foreach (var entry in old.Where(entry => SequenceOf(entry) < from)) await catalogue.RemovePointAsync(SequenceOf(entry), cancellationToken);
        foreach (var gone in bases.SkipLast(1)) await catalogue.RemoveBaseAsync(gone, cancellationToken);
        // A published staging branch is a base without a point of its own.
        var at = (old.FindLast(entry => SequenceOf(entry) <= from) ?? old[0]).CommittedAt;
        await catalogue.SetWindowAsync(new RecoveryWindow(from, at), cancellationToken);
        dropped.Add(new Dropped(new Hold(window.FromSequence, from), null));
        return (dropped, blobs);
    }

    // The newest base at or before a sequence, and the size of the volume there: it is known at bases, and volumes only grow, so that the one at the
    // next base is enough.
    private static async Task<(BaseRecord? Before, long SizeBytes)> FindBaseAsync(
        VolumeHead head, CatalogueEdit catalogue, long from, long sequence, CancellationToken cancellationToken)
    {
        BaseRecord? before = null;
        await foreach (var known in catalogue.ListBasesAsync(from, cancellationToken))
        {
            if (known.Sequence <= sequence) before = known;
            if (known.Sequence >= sequence) return (before, known.SizeBytes);
        }
        return (before, head.SizeBytes);
    }

    private static long SequenceOf(TailEntry entry) => entry.Segment.Identity.Sequence;

    internal static string KeptId(long sequence) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{KeptPrefix}{sequence:x16}");

    // The last point of each interval: told by the point after it, so that it is the same one in however many steps the window moves.
    private static IEnumerable<TailEntry> Thin(List<TailEntry> old, long from, Retention retention, DateTimeOffset now)
    {
        if (retention.ThinEvery <= TimeSpan.Zero) yield break;
        for (var i = 0; SequenceOf(old[i]) < from; i++)
            if (old[i].CommittedAt > now - retention.ThinFor && IntervalOf(old[i]) != IntervalOf(old[i + 1])) yield return old[i];
        long IntervalOf(TailEntry entry) => entry.CommittedAt.UtcTicks / retention.ThinEvery.Ticks;
    }

    private static (SnapshotRecord, IReadOnlyList<BlobEffect>) CutOf(
        string snapshotId, long baseSequence, PageRoot? root, long sizeBytes, List<TailEntry> entries, LineageSealer sealer)
    {
        var last = entries[^1];
        var sequence = last.Segment.Identity.Sequence;
        var isBase = baseSequence == sequence;
        var (tail, blobs) = isBase ? (Tail.Empty, []) : TailManifest.Pack([.. entries], sealer, sequence);
        var image = new ImageDescriptor(sizeBytes, root, tail, []);
        return (new SnapshotRecord(snapshotId, sequence, baseSequence, last.LogEnd, last.CommittedAt, last.HostTime, image), blobs);
    }
}
