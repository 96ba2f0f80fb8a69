using System.Collections.Immutable;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// Every change of a staging branch, as pure functions (<c>docs/formats/staging.md</c>, Operations). Log segments and fills are two chains with the
/// rules of the main tail's, which <see cref="HeadMachine"/> holds: each is committed in a view of the head in which it is the only one.
/// Holds besides: the main root and tail stand still (I4), and only what was declared whole is published (I3).
/// </summary>
public static class StagingMachine
{
    /// <summary>Fold when the tail has this many segments.</summary>
    public const int FoldAtSegments = 96;

    /// <summary>Fold when the tail holds this many stored bytes.</summary>
    public const long FoldAtBytes = 512L << 20;

    /// <summary>
    /// Answers an attach with a branch: a new epoch, a new incarnation, and the log goes on where it stands. Call it when
    /// <see cref="HeadMachine.Attach"/> was asked and granted, or found the head behind for good. A claim that forked from the head is refused.
    /// </summary>
    public static HeadChange Begin(VolumeHead head, AttachClaim claim, DateTimeOffset now)
    {
        if (head.Staging is not null) return Abandon(head);
        var isAhead = claim.IsAheadOf(head);
        var checkedClaim = isAhead ? null : HeadMachine.Attach(head, claim with { LastEpoch = Math.Min(claim.LastEpoch, head.Epoch) });
        if (checkedClaim?.Refusal is not null) return checkedClaim;
        var logEnd = isAhead ? claim.CommittedLogEnd : head.CommittedLogEnd;
        if (claim.LastSequence == 0 && claim.StoreSizeBytes != head.SizeBytes)
            return HeadChange.Refused(
                head, HeadRefusalReason.SizeMismatch,
                $"The adopted store has {claim.StoreSizeBytes} bytes, the volume {head.SizeBytes}. Make a volume of the store's size.");
        if (claim.LogResumesAt < logEnd)
            return HeadChange.Refused(head, HeadRefusalReason.Invalid, $"The log goes on at {claim.LogResumesAt}, and {logEnd} of it is committed.");
        var epoch = Math.Max(head.Epoch, claim.LastEpoch) + 1;
        var staging = new StagingBranch
        {
            FirstEpoch = epoch,
            FirstSequence = isAhead ? claim.LastSequence : head.CommittedSequence,
            Sequence = isAhead ? claim.LastSequence : head.CommittedSequence,
            LogEnd = claim.LogResumesAt ?? logEnd,
            Digest = isAhead ? claim.LastDigest : head.TipDigest,
            Fills = head.FillsEver,
            FillDigest = SegmentDigest.None,
            CommittedAt = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()),
            HostTime = head.HostTime,
        };
        return HeadChange.To(head with { Epoch = epoch, Incarnation = head.Incarnation + 1, Staging = staging });
    }

    /// <summary>Commits log segments to the branch, with the rules of <see cref="HeadMachine.Commit(VolumeHead, long, IReadOnlyList{SegmentClaim}, DateTimeOffset, LineageSealer)"/>. They make no cuts.</summary>
    public static HeadChange CommitLog(
        VolumeHead head, long epoch, IReadOnlyList<SegmentClaim> segments, DateTimeOffset now, LineageSealer sealer)
    {
        if (Find(head, out var staging) is { } refusal) return refusal;
        if (staging.Sequence == 0 && segments.Count > 0 && segments[0].LogStart < staging.LogEnd)
            return HeadChange.Refused(head, HeadRefusalReason.NotContiguous, $"The log goes on at {staging.LogEnd}, and the segment begins at {segments[0].LogStart}.");
        var view = View(head, staging) with { CommittedSequence = staging.Sequence, CommittedLogEnd = staging.LogEnd, TipDigest = staging.Digest };
        var change = HeadMachine.Commit(view, epoch, [.. segments.Select(segment => segment with { SnapshotIds = [] })], now, sealer, SegmentKind.Data);
        return Map(head, change, sealer, next => staging with
        {
            Sequence = next.CommittedSequence,
            LogEnd = next.CommittedLogEnd,
            Digest = next.TipDigest,
            HostTime = next.HostTime,
            Mark = segments.LastOrDefault(segment => segment.Mark is not null && segment.Sequence > staging.Sequence)?.Mark ?? staging.Mark,
        });
    }

    /// <summary>Commits fills: numbered on from the last, each naming the digest of the one before, their log positions 0.</summary>
    public static HeadChange CommitFills(
        VolumeHead head, long epoch, IReadOnlyList<SegmentClaim> fills, DateTimeOffset now, LineageSealer sealer)
    {
        if (Find(head, out var staging) is { } refusal) return refusal;
        if (fills.Any(fill => fill.LogStart != 0 || fill.LogEnd != 0))
            return HeadChange.Refused(head, HeadRefusalReason.Invalid, "A fill holds nothing of the log: its positions are 0.");
        var view = View(head, staging) with { CommittedSequence = staging.Fills, CommittedLogEnd = 0, TipDigest = staging.FillDigest };
        var change = HeadMachine.Commit(view, epoch, fills, now, sealer, SegmentKind.Fill);
        return Map(head, change, sealer, next => staging with { Fills = next.CommittedSequence, FillDigest = next.TipDigest });
    }

    /// <summary>Gives the branch up: its epoch is over, and a worker frees what was staged (<see cref="StagingEnd"/>).</summary>
    public static HeadChange Abandon(VolumeHead head) => head.Staging is { IsAbandoned: false } staging
        ? HeadChange.To(head with { Epoch = head.Epoch + 1, Staging = staging with { IsAbandoned = true } })
        : HeadChange.Repeat(head);

    /// <summary>True when the branch's tail should be folded.</summary>
    public static bool ShouldFold(VolumeHead head) => head.Staging is { IsAbandoned: false } staging
        && (staging.Tail.Count >= FoldAtSegments || staging.BytesSinceFold >= FoldAtBytes);

    /// <summary>
    /// The head as the log that attaches to a staged volume sees it. A log that says that its store changed has not heard where it resumes, and
    /// counts an earlier end than the branch: the digest tells that it is the same history, and it is answered with another branch.
    /// </summary>
    internal static VolumeHead LogView(VolumeHead head, StagingBranch staging, AttachClaim claim)
    {
        var known = claim.LastSequence == staging.Sequence
            ? claim.CommittedLogEnd
            : claim.Seals.FirstOrDefault(seal => seal.Sequence == staging.Sequence)?.LogEnd;
        return View(head, staging) with
        {
            CommittedSequence = staging.Sequence,
            CommittedLogEnd = claim.IsStoreChanged && known < staging.LogEnd ? known.Value : staging.LogEnd,
            TipDigest = staging.Digest,
        };
    }

    /// <summary>Replaces the branch's root and tail by a fold's; <paramref name="tail"/> is its whole tail. Reached through <see cref="PreparedChange"/>.</summary>
    internal static HeadChange PublishFold(VolumeHead head, StagingFold fold, IReadOnlyList<TailEntry> tail, LineageSealer sealer)
    {
        if (!fold.IsFor(head, tail))
            return HeadChange.Refused(head, HeadRefusalReason.Superseded, "What is staged changed since the fold began. Fold again from the new head.");
        var rest = tail.Skip(fold.Folded.Count).ToImmutableArray();
        var (shorter, blobs) = TailManifest.Pack(rest, sealer, head.CommittedSequence, StagingBranch.MaxInline);
        var staging = head.Staging! with
        {
            IsBased = true,
            Root = fold.Root,
            Tail = shorter,
            RetiredTail = head.Staging.Tail.Manifest,
            BytesSinceFold = BytesOf(rest),
        };
        return HeadChange.To(head with { Staging = staging }, blobs);
    }

    /// <summary>
    /// Makes the branch the main root and tail; <paramref name="tail"/> is its whole tail. Reached through <see cref="PreparedChange"/>, which brings the
    /// deaths in the main image into the same save.
    /// </summary>
    internal static HeadChange Publish(
        VolumeHead head, StagingFold fold, StagingDeclaration declared, IReadOnlyList<TailEntry> tail, DateTimeOffset now, LineageSealer sealer)
    {
        if (StagingDeclaration.Check(head, declared) is { } incomplete) return incomplete;
        var rest = tail.Skip(fold.Folded.Count).ToImmutableArray();
        if (!fold.IsFor(head, tail) || rest.Any(entry => entry.Segment.Identity.Kind == SegmentKind.Fill))
            return HeadChange.Refused(head, HeadRefusalReason.Superseded, "What is staged changed since the publication was prepared. Prepare it again.");
        var staging = head.Staging!;
        var (packed, blobs) = TailManifest.Pack(rest, sealer, fold.ThroughSequence);
        return HeadChange.To(
            head with
            {
                CommittedSequence = staging.Sequence,
                CommittedLogEnd = staging.LogEnd,
                TipDigest = staging.Digest,
                BaseSequence = fold.ThroughSequence,
                Root = fold.Root,
                Tail = packed,
                RetiredTail = staging.Tail.Manifest,
                BytesSinceFold = BytesOf(rest),
                Staging = null,
                FillsEver = staging.Fills,
                PublishedEpoch = staging.FirstEpoch,
                CommittedAt = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()),
                HostTime = staging.HostTime,
            },
            blobs);
    }

    /// <summary>Takes an abandoned branch out of the head. Reached through <see cref="PreparedChange"/>, which condemns all of it in the same save.</summary>
    internal static HeadChange Drop(VolumeHead head) => head.Staging is { IsAbandoned: true } staging
        ? HeadChange.To(head with { Staging = null, FillsEver = staging.Fills })
        : HeadChange.Refused(head, HeadRefusalReason.Superseded, "The staging branch is not given up, or is gone already.");

    private static VolumeHead View(VolumeHead head, StagingBranch staging) =>
        head with { Staging = null, Tail = staging.Tail, BytesSinceFold = staging.BytesSinceFold };

    private static HeadChange? Find(VolumeHead head, out StagingBranch staging)
    {
        staging = head.Staging!;
        return head.Staging switch
        {
            null => HeadChange.Refused(head, HeadRefusalReason.StaleEpoch, "Nothing is staged for this volume: the branch was published or given up. Attach again."),
            { IsAbandoned: true } => HeadChange.Refused(head, HeadRefusalReason.StaleEpoch, "The staging branch was given up. Attach again."),
            _ => null,
        };
    }

    private static HeadChange Map(VolumeHead head, HeadChange change, LineageSealer sealer, Func<VolumeHead, StagingBranch> changed)
    {
        if (change.Refusal is not null || change.IsRepeat) return change with { Head = head };
        var (tail, blobs) = (change.Head.Tail, change.Blobs);
        if (tail.Inline.Length > StagingBranch.MaxInline)
        {
            (tail, var blob) = TailManifest.Write(tail.Manifest, tail.ManifestCount, tail.Inline.AsSpan(), sealer, head.CommittedSequence);
            blobs = [.. blobs, blob];
        }
        var staging = changed(change.Head) with { Tail = tail, BytesSinceFold = change.Head.BytesSinceFold, CommittedAt = change.Head.CommittedAt };
        return HeadChange.To(head with { Staging = staging }, blobs);
    }

    private static long BytesOf(ImmutableArray<TailEntry> entries) => entries.Sum(entry => (long)entry.FrameBytes);
}
