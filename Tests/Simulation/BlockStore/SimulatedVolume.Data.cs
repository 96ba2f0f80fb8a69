using System.Collections.Immutable;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

// The agent's side: epochs, tickets, commits.
internal sealed partial class SimulatedVolume
{
    private static readonly TimeSpan MaxTicketAge = TimeSpan.FromHours(1);

    /// <summary>Attaches a log; <paramref name="at"/> is where it goes on when a branch begins for it.</summary>
    internal void Attach(AttachClaim claim, LogEntry log, LogEntry at, Action<VolumeRow, HeadRefusal?> answer)
    {
        if (Row is { } known && HeadMachine.Attach(known.Head, claim).Refusal?.Reason == HeadRefusalReason.HeadBehind && IsBucketAhead(known))
        {
            Array.Clear(_activations);
            Rebuild(GivenUp ?? known);
        }
        Perform(
            "attach",
            row =>
            {
                var change = AttachOrStage(row, claim);
                return WithManifestAfter(row, ToDecision(row, change, Attached(row, claim, change, log, at)));
            },
            (row, refusal) =>
            {
                if (refusal is null)
                {
                    // The bucket knows of an epoch before anyone can upload under it.
                    if (_world.Fault(0.02)) return;
                    StoreManifestAfter(row);
                }
                var isClosing = refusal is null && row.Head.Staging is { IsAbandoned: true };
                answer(row, isClosing ? new HeadRefusal(HeadRefusalReason.StagingClosing, "what was staged is being given up") : refusal);
            });
    }

    private VolumeDecision WithManifestAfter(VolumeRow row, VolumeDecision decision) =>
        decision.Next is { } next ? decision with { Next = next with { Head = next.Head.WithManifest(Sealer).Above(row.Claimed) } } : decision;

    private void StoreManifestAfter(VolumeRow row)
    {
        var manifest = ManifestOf(row.Head, row.Truth);
        Sync.Result(_world.Bucket.PutIfAbsentAsync(manifest.Key, manifest.Content));
    }

    /// <summary>When a write ticket for a blob is granted: its time; null when it is refused.</summary>
    internal DateTimeOffset? IssueTicket(long epoch) => Activate(0, "ticket")?.Head.Epoch == epoch ? _world.Now : null;

    internal void Commit(long epoch, IReadOnlyList<(SegmentClaim Claim, DateTimeOffset TicketAt)> segments, Action<VolumeRow, HeadRefusal?> answer) => Perform(
        $"commit of {segments[0].Claim.Sequence}..{segments[^1].Claim.Sequence} in epoch {epoch}",
        row =>
        {
            var head = _world.Is(PlantedBug.StaleEpochAccepted) && epoch < row.Head.Epoch ? row.Head with { Epoch = epoch } : row.Head;
            var claims = segments.Select(segment => Announced(row, segment.Claim)).ToList();
            var change = Bugged(head, HeadMachine.Commit(head, epoch, claims, _world.Now, Sealer));
            if (change.Refusal is not null)
            {
                return _world.Is(PlantedBug.RepeatAnsweredToFork) && claims[^1].Sequence <= head.CommittedSequence
                    ? VolumeDecision.Nothing
                    : new VolumeDecision(null, [], change.Refusal);
            }
            if (change.IsRepeat) return VolumeDecision.Nothing;
            var fresh = segments.Where(segment => segment.Claim.Sequence > (head.Staging?.Sequence ?? head.CommittedSequence)).ToList();
            if (CheckUploads(fresh) is { } refused) return new VolumeDecision(null, [], refused);
            if (epoch != row.Truth.Epoch) throw new Violation($"epoch {epoch} commits after epoch {row.Truth.Epoch} was granted (I7)");
            var cuts = change.Cuts.Select(cut => cut.SnapshotId).ToList();
            var decision = ToDecision(
                row, change with { Head = change.Head with { Epoch = row.Head.Epoch } }, row.Truth.Staged is null ? Extend(row, fresh, claims) : ExtendStaged(row, fresh, claims));
            return decision with { Next = decision.Next! with { Pending = row.Pending.Except(cuts) } };
        },
        answer);

    /// <summary>A new log may begin with what the volume began with, in a place of its own.</summary>
    private static bool IsFresh(VolumeRow row, LogEntry log)
    {
        if (row.Head.CommittedSequence > 0) return false;
        var first = log;
        while (first.Previous is { } previous) first = previous;
        return first.State.AsSpan().SequenceEqual(row.Truth.Tip.State);
    }

    private SegmentClaim Announced(VolumeRow row, SegmentClaim claim) =>
        claim with { SnapshotIds = [.. claim.SnapshotIds.Where(row.Pending.Contains)] };

    /// <summary>A head never names a blob that is not there, nor one that a collector may be looking at.</summary>
    private HeadRefusal? CheckUploads(IEnumerable<(SegmentClaim Claim, DateTimeOffset TicketAt)> segments)
    {
        foreach (var (claim, ticketAt) in segments)
        {
            if (_world.Now - ticketAt > MaxTicketAge) return new HeadRefusal(HeadRefusalReason.Invalid, "the ticket is too old");
            if (!_world.Is(PlantedBug.CommitWithoutBlob) && Sync.Result(_world.Bucket.GetLengthAsync(claim.BlobKey)) != claim.LengthBytes)
                return new HeadRefusal(HeadRefusalReason.Invalid, "the blob is not there");
        }
        return null;
    }

    /// <summary>The model's own view of what was committed: the segments must be the log's next records, in order (I3).</summary>
    private VolumeTruth Extend(VolumeRow row, IReadOnlyList<(SegmentClaim Claim, DateTimeOffset TicketAt)> fresh, IReadOnlyList<SegmentClaim> claims)
    {
        var truth = row.Truth;
        foreach (var (claim, _) in fresh)
        {
            var (from, to, content) = _world.Sealed[claim.BlobKey];
            var follows = from.Is(truth.Tip) || (row.Head.CommittedSequence == 0 && truth.Segments.IsEmpty && IsFresh(row, from));
            if (!follows) throw new Violation($"segment {claim.Sequence} holds records after '{from}', the volume ends with '{truth.Tip}' (I3)");
            var snapshots = truth.Snapshots;
            foreach (var id in claims.First(other => other.Sequence == claim.Sequence).SnapshotIds.Where(id => !snapshots.ContainsKey(id)))
            {
                if (to.SnapshotId != id) throw new Violation($"segment {claim.Sequence} announces {id} and ends with '{to}' (I4)");
                snapshots = snapshots.SetItem(id, new SnapshotTruth(to, row.Head.SizeBytes));
            }
            truth = truth with
            {
                Tip = to,
                Segments = truth.Segments.Add(new CommittedSegment(claim.Sequence, content.Reference, content.Entries, from, to)),
                Snapshots = snapshots,
            };
        }
        return truth;
    }

    private HeadChange Bugged(VolumeHead before, HeadChange change)
    {
        var inline = change.Head.Tail.Inline;
        if (_world.Is(PlantedBug.CommitOutOfOrder) && change.Head.CommittedSequence >= before.CommittedSequence + 2 && inline.Length >= 2)
        {
            var swapped = inline.SetItem(inline.Length - 1, inline[^2]).SetItem(inline.Length - 2, inline[^1]);
            return change with { Head = change.Head with { Tail = change.Head.Tail with { Inline = swapped } } };
        }
        return _world.Is(PlantedBug.SnapshotAtWrongPoint) && change.Cuts.Count > 0
            ? change with { Cuts = [.. change.Cuts.Select(cut => cut with { Image = change.Head.ToImage() })] }
            : change;
    }
}

/// <summary>What a sealed segment turned out to be.</summary>
internal sealed record SealedContent(SegmentReference Reference, IReadOnlyList<SegmentEntry> Entries);
