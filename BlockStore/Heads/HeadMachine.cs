using System.Collections.Immutable;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;

namespace Tidegate.BlockStore.Heads;

/// <summary>
/// Every change of a volume head, as pure functions (<c>docs/formats/head.md</c>, Rules): no clock, no I/O, no state. What must be
/// stored before the save comes back as data. The saver's compare-and-set decides between two who change one head.
/// Holds: the committed segments are always a prefix of one log's history (I3); one epoch commits (I7); a repeat changes nothing (I8).
/// </summary>
public static class HeadMachine
{
    /// <summary>Fold when the tail has this many segments, so that commits never meet a full one.</summary>
    public const int FoldAtSegments = 64;

    /// <summary>Fold when the own tail holds this many stored bytes: about a second of replay.</summary>
    public const long FoldAtBytes = 256L << 20;

    /// <summary>A new volume of zeroes.</summary>
    public static VolumeHead Create(LineageId lineage, int keyGeneration, long sizeBytes) =>
        CreateClone(lineage, keyGeneration, ImageDescriptor.Empty(CheckSize(sizeBytes)));

    /// <summary>
    /// A new volume that starts as <paramref name="origin"/> was. The origin's pin must be saved before this head is (I5); sequences
    /// begin anew, and what the origin wrote stays the origin's lineage.
    /// </summary>
    public static VolumeHead CreateClone(LineageId lineage, int keyGeneration, ImageDescriptor origin) => new()
    {
        Lineage = lineage,
        KeyGeneration = keyGeneration,
        Incarnation = 1,
        Version = 1,
        Epoch = 0,
        CommittedSequence = 0,
        CommittedLogEnd = 0,
        TipDigest = SegmentDigest.None,
        SizeBytes = CheckSize(origin.SizeBytes),
        BaseSequence = 0,
        Root = origin.Root,
        Tail = origin.Tail,
        BytesSinceFold = 0,
        Catalogue = null,
        // What the origin moved is found through the origin's table, which goes on changing.
        Relocation = null,
        Staging = null,
        CommittedAt = DateTimeOffset.UnixEpoch,
        HostTime = DateTimeOffset.UnixEpoch,
    };

    /// <summary>
    /// Grants a new epoch when the log's last committed segment is the head's tip, or an ancestor whose successors up to the tip are
    /// the log's own seals (replies were lost): digests chain, so an equal tip is an equal history.
    /// </summary>
    /// <remarks>While a branch is staged the log belongs there, and its tip is the branch's.</remarks>
    public static HeadChange Attach(VolumeHead head, AttachClaim claim)
    {
        if (head.Staging is { } staging)
        {
            if (staging.IsAbandoned)
                return HeadChange.Refused(
                    head, HeadRefusalReason.StagingClosing, "What was staged of this volume is being given up. Attach again in a moment.");
            var view = StagingMachine.LogView(head, staging, claim);
            // Logs that stand at the same sequence are told apart by where they go on, and by whether they know of the branch. One whose grant
            // was not answered begins anew: nothing of it is in the branch yet.
            if (staging.Sequence == claim.LastSequence && staging.Digest == claim.LastDigest
                && (claim.LastEpoch < staging.FirstEpoch || (claim.LastSequence == 0 && claim.CommittedLogEnd != view.CommittedLogEnd)))
                return HeadChange.Refused(
                    head, HeadRefusalReason.HeadBehind,
                    $"The branch is another log's: it goes on at {view.CommittedLogEnd} since epoch {staging.FirstEpoch}, and this one at {claim.CommittedLogEnd} since epoch {claim.LastEpoch}. It is given up.");
            var granted = Attach(view, claim);
            return granted.Refusal is null ? HeadChange.To(head with { Epoch = granted.Head.Epoch }) : granted with { Head = head };
        }
        if (claim.StoreSizeBytes > head.SizeBytes)
            return HeadChange.Refused(
                head, HeadRefusalReason.SizeMismatch,
                $"The local store has {claim.StoreSizeBytes} bytes, the volume {head.SizeBytes}. Volumes do not shrink: grow the volume or use its own store.");
        if (claim.LastEpoch > head.Epoch || claim.IsAheadOf(head))
            return HeadChange.Refused(
                head, HeadRefusalReason.HeadBehind,
                $"The log saw sequence {claim.LastSequence} of epoch {claim.LastEpoch} committed; the head is at {head.CommittedSequence} of epoch {head.Epoch}. The head must be rebuilt from the bucket first.");
        var problem = FindFork(head, claim);
        return problem is null
            ? HeadChange.To(head with { Epoch = head.Epoch + 1 })
            : HeadChange.Refused(
                head, HeadRefusalReason.Diverged,
                $"The log's history is not the volume's: {problem}. Store and log are kept; upload them as a new volume, or discard them and restore.");
    }

    /// <summary>
    /// Commits uploaded segments in order, all or none. Segments at or below the head are repeats and are skipped when they are the
    /// ones committed; a commit of repeats alone must reach the tip. <paramref name="now"/> is the service's clock.
    /// </summary>
    public static HeadChange Commit(
        VolumeHead head, long epoch, IReadOnlyList<SegmentClaim> segments, DateTimeOffset now, LineageSealer sealer) =>
        head.Staging is null
            ? Commit(head, epoch, segments, now, sealer, SegmentKind.Data)
            : StagingMachine.CommitLog(head, epoch, segments, now, sealer);

    /// <summary>As above, for one of the two chains of segments that a view of the head stands for.</summary>
    internal static HeadChange Commit(
        VolumeHead head, long epoch, IReadOnlyList<SegmentClaim> segments, DateTimeOffset now, LineageSealer sealer, SegmentKind kind)
    {
        if (epoch < head.Epoch)
            return HeadChange.Refused(
                head, HeadRefusalReason.StaleEpoch,
                $"Epoch {epoch} was ended by epoch {head.Epoch}: another process serves the volume, or this one must attach again.");
        if (epoch > head.Epoch || epoch == 0)
            return HeadChange.Refused(
                head, HeadRefusalReason.Invalid, $"Epoch {epoch} was never granted; the head is at epoch {head.Epoch}.");
        var next = head;
        var blobs = new List<BlobEffect>();
        var cuts = new List<SnapshotRecord>();
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            var refusal = segment.Sequence <= next.CommittedSequence
                ? CheckRepeat(next, segment, i + 1 < segments.Count ? segments[i + 1] : null, kind)
                : CheckNext(next, segment, kind);
            if (refusal is not null) return HeadChange.Refused(head, refusal.Reason, refusal.Message);
            if (segment.Sequence <= head.CommittedSequence) continue;
            if (segment.Sequence <= next.CommittedSequence)
                return HeadChange.Refused(head, HeadRefusalReason.Invalid, $"Sequence {segment.Sequence} appears twice in one commit.");
            next = Append(next, segment, now, kind);
            if (segment.SnapshotIds.Count == 0) continue;
            // A cut keeps the tail as it is here.
            next = FitTail(next, sealer, blobs);
            cuts.AddRange(segment.SnapshotIds.Select(id => CutOf(next, id)));
        }
        if (!ReferenceEquals(next, head)) return HeadChange.To(FitTail(next, sealer, blobs), blobs, cuts);
        // The reply says how far the log is committed, and the log is trimmed by it: whoever asks must have sealed the tip.
        return segments.Count > 0 && segments[^1].Sequence == head.CommittedSequence
            ? HeadChange.Repeat(head)
            : HeadChange.Refused(
                head, HeadRefusalReason.NotContiguous, $"The commit ends before sequence {head.CommittedSequence}, which is committed already.");
    }

    /// <summary>Makes the head a snapshot: one record for the catalogue, no page is written.</summary>
    public static HeadChange Snapshot(VolumeHead head, string snapshotId) => head.Staging is null
        ? HeadChange.To(head, cuts: [CutOf(head, snapshotId)])
        : HeadChange.Refused(
            head, HeadRefusalReason.Staging, "The volume's store and its remote image are being put together again; a snapshot waits for the end of that.");

    /// <summary>A change of the catalogue alone: pins, deletions, the recovery window.</summary>
    public static HeadChange ChangeCatalogue(VolumeHead head, CatalogueUpdate update) => HeadChange.To(head).WithCatalogue(update);

    /// <summary>Grows the volume. Shrinking is refused.</summary>
    public static HeadChange Resize(VolumeHead head, long sizeBytes)
    {
        if (sizeBytes == head.SizeBytes) return HeadChange.Repeat(head);
        if (sizeBytes < head.SizeBytes)
            return HeadChange.Refused(
                head, HeadRefusalReason.Invalid, $"The volume has {head.SizeBytes} bytes and does not shrink to {sizeBytes}.");
        if (sizeBytes % BlockGeometry.SectorBytes != 0 || sizeBytes > BlockGeometry.MaxVolumeBytes)
            return HeadChange.Refused(
                head, HeadRefusalReason.Invalid,
                $"{sizeBytes} bytes is no multiple of {BlockGeometry.SectorBytes} up to {BlockGeometry.MaxVolumeBytes}.");
        return HeadChange.To(head with { SizeBytes = sizeBytes });
    }

    /// <summary>
    /// Begins the next generation of the data key, and with it an epoch that nobody has yet: whoever attached before must attach
    /// again, and seals with the new key from its next segment on.
    /// </summary>
    public static HeadChange RotateKey(VolumeHead head) =>
        HeadChange.To(head with { KeyGeneration = head.KeyGeneration + 1, Epoch = head.Epoch + 1 });

    /// <summary>The same head under another version: what it needs beside itself was stored anew.</summary>
    public static HeadChange Renew(VolumeHead head) => HeadChange.To(head);

    /// <summary>True when a fold is due.</summary>
    public static bool ShouldFold(VolumeHead head) => head.Tail.Count >= FoldAtSegments || head.BytesSinceFold >= FoldAtBytes;

    /// <summary>
    /// Replaces root and tail by a fold's. Loses to any other fold published since it began. <paramref name="tail"/> is the head's whole
    /// tail. Reached through <see cref="PreparedChange"/>, which brings the fold's accounting into the same save and holds
    /// that every retained cut inside the fold has its root.
    /// </summary>
    internal static HeadChange PublishFold(VolumeHead head, FoldResult fold, IReadOnlyList<TailEntry> tail, LineageSealer sealer)
    {
        if (!fold.IsFor(head) || !IsPrefix(fold, tail) || fold.ThroughSequence > head.CommittedSequence)
            return HeadChange.Refused(
                head, HeadRefusalReason.Superseded,
                "Another fold was published since this one began. Its pages are orphans; fold again from the new head.");
        if (tail.Count != head.Tail.Count)
            return HeadChange.Refused(head, HeadRefusalReason.Superseded, "The tail given is not this head's.");
        var rest = tail.Skip(fold.Folded.Count).ToImmutableArray();
        var (newTail, blobs) = TailManifest.Pack(rest, sealer, head.CommittedSequence);
        return HeadChange.To(
            head with
            {
                BaseSequence = fold.ThroughSequence,
                Root = fold.Root,
                Tail = newTail,
                RetiredTail = head.Tail.Manifest,
                BytesSinceFold = rest.Where(entry => entry.Segment.Identity.Owner == head.Lineage).Sum(entry => (long)entry.FrameBytes),
            },
            blobs);
    }

    /// <summary>
    /// Replaces the relocation table by a compaction's. Loses to any other compaction published since it began, and to nothing else: folds,
    /// commits and cuts name frames as before. Reached through <see cref="PreparedChange"/>, which condemns in the same save what the
    /// compaction replaced.
    /// </summary>
    internal static HeadChange PublishCompaction(VolumeHead head, CompactionResult result) => result.IsFor(head)
        ? HeadChange.To(head with { Relocation = result.Table })
        : HeadChange.Refused(
            head, HeadRefusalReason.Superseded,
            "Another compaction was published since this one began. Its containers are orphans; compact again from the new head.");

    /// <summary>Takes the root out of a head whose volume was deleted and whose tail is folded; the catalogue has it as a dead subtree.</summary>
    internal static HeadChange DropRoot(VolumeHead head) => head.Tail.Count == 0 && head.Staging is null
        ? HeadChange.To(head with { Root = null, RetiredTail = null })
        : HeadChange.Refused(head, HeadRefusalReason.Superseded, "The tail is not folded, or a branch is staged. Fold it, give it up, then try again.");

    private static bool IsPrefix(FoldResult fold, IReadOnlyList<TailEntry> tail) =>
        fold.Folded.Count > 0 && fold.Folded.Count <= tail.Count && tail[fold.Folded.Count - 1].Segment == fold.Folded[^1].Segment;

    private static string? FindFork(VolumeHead head, AttachClaim claim)
    {
        // Copies of one log may fill a branch each and say the same of themselves afterwards, while their stores differ.
        if (claim.LastEpoch < head.PublishedEpoch)
            return $"a branch of epoch {head.PublishedEpoch} became the volume, and this log knows of epoch {claim.LastEpoch}";
        if (claim.LastSequence == head.CommittedSequence)
        {
            if (claim.LastDigest != head.TipDigest) return $"segment {claim.LastSequence} has another digest";
            return claim.LastSequence > 0 && claim.CommittedLogEnd != head.CommittedLogEnd
                ? $"the log counts {claim.CommittedLogEnd} as committed, the head {head.CommittedLogEnd}"
                : null;
        }
        var expected = claim.LastSequence + 1;
        foreach (var seal in claim.Seals)
        {
            if (seal.Sequence != expected) return $"its seal records go from {expected - 1} to {seal.Sequence}";
            var known = head.Tail.Inline.FirstOrDefault(
                entry => entry.Segment.Identity.Kind == SegmentKind.Data && entry.Segment.Identity.Owner == head.Lineage && entry.Segment.Identity.Sequence == seal.Sequence);
            if (known is not null && known.Digest != seal.Digest) return $"segment {seal.Sequence} has another digest";
            if (seal.Sequence == head.CommittedSequence)
            {
                if (seal.Digest != head.TipDigest) return $"segment {seal.Sequence} has another digest";
                return seal.LogEnd == head.CommittedLogEnd
                    ? null
                    : $"segment {seal.Sequence} ends at {seal.LogEnd}, the head at {head.CommittedLogEnd}";
            }
            expected++;
        }
        return $"the head is at segment {head.CommittedSequence}, which this log never sealed";
    }

    /// <summary>
    /// A repeat must be told from a fork: its digest is known to the head, or the segment after it in the same commit names it.
    /// </summary>
    private static HeadRefusal? CheckRepeat(VolumeHead head, SegmentClaim segment, SegmentClaim? following, SegmentKind kind)
    {
        var known = segment.Sequence == head.CommittedSequence
            ? head.TipDigest
            : head.Tail.Inline.FirstOrDefault(entry => entry.Segment.Identity.Kind == kind
                && entry.Segment.Identity.Owner == head.Lineage && entry.Segment.Identity.Sequence == segment.Sequence)?.Digest;
        if (known is null && following is not null && following.Sequence == segment.Sequence + 1) known = following.PreviousDigest;
        if (known is null)
            return new HeadRefusal(
                HeadRefusalReason.NotContiguous, $"Sequence {segment.Sequence} is long committed and cannot be compared any more.");
        return known != segment.Digest
            ? new HeadRefusal(HeadRefusalReason.NotContiguous, $"Sequence {segment.Sequence} is committed with another digest.")
            : null;
    }

    private static HeadRefusal? CheckNext(VolumeHead head, SegmentClaim segment, SegmentKind kind)
    {
        if (segment.Sequence != head.CommittedSequence + 1)
            return new HeadRefusal(
                HeadRefusalReason.NotContiguous, $"Sequence {segment.Sequence} does not follow {head.CommittedSequence}.");
        if (segment.PreviousDigest != head.TipDigest)
            return new HeadRefusal(
                HeadRefusalReason.NotContiguous, $"Sequence {segment.Sequence} names a previous digest that is not the tip's.");
        // A new log begins wherever it likes; after that every position is accounted for.
        if (segment.LogEnd < segment.LogStart
            || segment.LogStart < 0
            || (head.CommittedSequence > 0 && segment.LogStart != head.CommittedLogEnd))
            return new HeadRefusal(
                HeadRefusalReason.NotContiguous,
                $"Sequence {segment.Sequence} holds log positions {segment.LogStart} to {segment.LogEnd}; the head ends at {head.CommittedLogEnd}.");
        if (segment.LengthBytes is < SegmentFormat.MinSegmentBytes or > SegmentFormat.MaxSegmentBytes
            || segment.FrameBytes < 0
            || segment.FrameBytes > segment.LengthBytes)
            return new HeadRefusal(
                HeadRefusalReason.Invalid,
                $"Sequence {segment.Sequence} claims {segment.LengthBytes} bytes with {segment.FrameBytes} of frames.");
        if (!SegmentIdentity.TryParse(segment.BlobKey, head.KeyGeneration, out var identity)
            || identity!.Kind != kind || identity.Owner != head.Lineage || identity.Epoch != head.Epoch || identity.Sequence != segment.Sequence)
            return new HeadRefusal(
                HeadRefusalReason.Invalid,
                $"'{segment.BlobKey}' is no key of sequence {segment.Sequence}, epoch {head.Epoch}, of {head.Lineage}.");
        return head.Tail.Count >= Tail.MaxSegments
            ? new HeadRefusal(
                HeadRefusalReason.TailFull, $"The tail has {Tail.MaxSegments} segments; a fold must be published first. Try again.")
            : null;
    }

    /// <summary>Inline entries may be more than fit: <see cref="FitTail"/> follows.</summary>
    private static VolumeHead Append(VolumeHead head, SegmentClaim segment, DateTimeOffset now, SegmentKind kind)
    {
        SegmentIdentity.TryParse(segment.BlobKey, head.KeyGeneration, out var identity);
        // Whatever the clock does, later commits are not earlier ones: points are looked for by time.
        var committedAt = Milliseconds(now > head.CommittedAt ? now : head.CommittedAt);
        var entry = new TailEntry(
            new SegmentReference(identity!, (int)segment.LengthBytes), segment.Digest, segment.LogEnd, (int)segment.FrameBytes, committedAt, Milliseconds(segment.HostTimeEnd));
        return head with
        {
            CommittedSequence = segment.Sequence,
            CommittedLogEnd = segment.LogEnd,
            TipDigest = segment.Digest,
            Tail = head.Tail with { Inline = head.Tail.Inline.Add(entry) },
            BytesSinceFold = head.BytesSinceFold + segment.FrameBytes,
            CommittedAt = entry.CommittedAt,
            HostTime = kind == SegmentKind.Fill ? head.HostTime : entry.HostTime,
        };
    }

    /// <summary>One manifest for all full sets of inline entries, however many a commit brought; one to sixteen stay inline.</summary>
    private static VolumeHead FitTail(VolumeHead head, LineageSealer sealer, List<BlobEffect> blobs)
    {
        var tail = head.Tail;
        if (tail.Inline.Length <= Tail.MaxInline) return head;
        var full = (tail.Inline.Length - 1) / Tail.MaxInline * Tail.MaxInline;
        var (moved, blob) = TailManifest.Write(tail.Manifest, tail.ManifestCount, tail.Inline.AsSpan(..full), sealer, head.CommittedSequence);
        blobs.Add(blob);
        return head with { Tail = moved with { Inline = tail.Inline[full..] } };
    }

    private static SnapshotRecord CutOf(VolumeHead head, string snapshotId) =>
        new(
            snapshotId, head.CommittedSequence, head.Tail.Count == 0 ? head.CommittedSequence : head.BaseSequence, head.CommittedLogEnd,
            head.CommittedAt, head.HostTime, head.ToImage().At([]));

    private static DateTimeOffset Milliseconds(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private static long CheckSize(long sizeBytes) =>
        sizeBytes > 0 && sizeBytes % BlockGeometry.SectorBytes == 0 && sizeBytes <= BlockGeometry.MaxVolumeBytes
            ? sizeBytes
            : throw new ArgumentException(
                $"{sizeBytes} bytes is no multiple of {BlockGeometry.SectorBytes} up to {BlockGeometry.MaxVolumeBytes}.",
                nameof(sizeBytes));
}
