using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

// The staging branch: where store and image are put together again that came apart.
internal sealed partial class SimulatedVolume
{
    /// <summary>Commits copies of blocks.</summary>
    internal void CommitFills(long epoch, IReadOnlyList<(SegmentClaim Claim, DateTimeOffset TicketAt)> fills, Action<VolumeRow, HeadRefusal?> answer) => Perform(
        $"commit of fills {fills[0].Claim.Sequence}..{fills[^1].Claim.Sequence} in epoch {epoch}",
        row =>
        {
            var change = StagingMachine.CommitFills(row.Head, epoch, [.. fills.Select(fill => fill.Claim)], _world.Now, Sealer);
            if (change.Refusal is not null) return new VolumeDecision(null, [], change.Refusal);
            if (change.IsRepeat) return VolumeDecision.Nothing;
            var fresh = fills.Where(fill => fill.Claim.Sequence > row.Head.Staging!.Fills).ToList();
            if (CheckUploads(fresh) is { } refused) return new VolumeDecision(null, [], refused);
            if (epoch != row.Truth.Epoch) throw new Violation($"epoch {epoch} commits fills after epoch {row.Truth.Epoch} was granted (I7)");
            var staged = row.Truth.Staged!;
            return ToDecision(row, change, row.Truth with { Staged = staged with { Fills = staged.Fills.AddRange(fresh.Select(fill => _world.Fills[fill.Claim.BlobKey])) } });
        },
        answer);

    /// <summary>A worker folds the branch, and before its first fold the main tail.</summary>
    internal void PrepareStagingFold()
    {
        if (FoldMainFirst()) return;
        Prepare("fold of a branch", row => ComputeStagingFold(row) is { } fold
            ? Sync.Result(StagingPublication.PrepareFoldAsync(row.Head, fold, _world.Now, Segments, Sealer))
            : null);
    }

    /// <summary>A worker makes the publication ready of what an agent declares; <paramref name="answer"/> follows the publication.</summary>
    internal void PreparePublication(StagingDeclaration declared, Action answer)
    {
        if (Row?.Head.Staging is not { } asked) return;
        if (_world.Is(PlantedBug.PublishedBeforeLastFill)) declared = declared with { Fills = asked.Fills, FillDigest = asked.FillDigest };
        if (_world.Is(PlantedBug.PublishedBeforeTheLog)) declared = declared with { Mark = asked.Mark };
        if (FoldMainFirst()) return;
        StagingFold? fold = null;
        IReadOnlyList<string> waiting = [];
        Prepare(
            "publication of a branch",
            row =>
            {
                if (StagingDeclaration.Check(row.Head, declared) is { } incomplete)
                {
                    _world.Happened($"refused as {incomplete.Refusal!.Reason}", $"{Id}: publication");
                    return null;
                }
                fold = ComputeStagingFold(row);
                waiting = [.. row.Truth.Staged!.Waiting];
                return fold is null ? null : Sync.Result(StagingPublication.PrepareAsync(row.Head, fold, declared, waiting, _world.Now, Segments, Sealer));
            },
            (row, truth) => truth.Staged!.Publish(truth, fold!.ThroughSequence, waiting, row.Head.SizeBytes),
            row =>
            {
                _world.Happened("a branch is published", $"{Id}: {Describe(row)}");
                answer();
            },
            // A snapshot that was asked for meanwhile would wait for ever.
            row => row.Truth.Staged?.Waiting.SetEquals(waiting) != false);
    }

    /// <summary>The service gives a branch up by itself.</summary>
    internal void AbandonStaging() => Perform(
        "abandonment",
        row =>
        {
            var change = Abandoned(row, StagingMachine.Abandon(row.Head));
            return change.IsRepeat ? VolumeDecision.Nothing : WithManifestAfter(row, ToDecision(row, change, row.Truth with { Epoch = change.Head.Epoch }));
        },
        (row, _) =>
        {
            if (row.Head.Staging is not { IsAbandoned: true } || _world.Fault(0.02)) return;
            _world.Happened("a branch is given up", Id);
            StoreManifestAfter(row);
        });

    /// <summary>A worker frees what a branch leaves behind that was given up.</summary>
    internal void PrepareDrop() => Prepare(
        "end of a branch",
        row => Sync.Result(StagingEnd.PrepareAsync(row.Head, _world.Now, Segments, Sealer)),
        (_, truth) => truth with { Staged = null },
        row => _world.Happened("a branch is freed", Id));

    /// <summary>Zeroes go that no branch needs any more, some of them.</summary>
    internal void PrepareZeroes() => Prepare("zeroes", row => Sync.Result(StagingEnd.PrepareZeroesAsync(row.Head, _world.Now, Segments, Sealer, _world.Random.Next(1, 5))));

    /// <summary>An attach that cannot be granted as a plain one begins a branch, or gives one up.</summary>
    private HeadChange AttachOrStage(VolumeRow row, AttachClaim claim)
    {
        var plain = HeadMachine.Attach(row.Head, claim);
        if (_world.Is(PlantedBug.ForkAttached) && plain.Refusal?.Reason == HeadRefusalReason.Diverged)
            return new HeadChange(row.Head with { Version = row.Head.Version + 1, Epoch = row.Head.Epoch + 1 }, [], [], null);
        var isApart = plain.Refusal is null ? claim.IsStoreChanged : plain.Refusal.Reason == HeadRefusalReason.HeadBehind;
        return isApart ? Abandoned(row, StagingMachine.Begin(row.Head, claim, _world.Now)) : plain;
    }

    private HeadChange Abandoned(VolumeRow row, HeadChange change) => _world.Is(PlantedBug.AbandonedEpochGoesOn) && change.Refusal is null && change.Head.Staging is { IsAbandoned: true }
        ? change with { Head = change.Head with { Epoch = row.Head.Epoch } }
        : change;

    /// <summary>What an attach means for the model: <paramref name="log"/> is the log, <paramref name="at"/> where it goes on when it has to.</summary>
    private VolumeTruth Attached(VolumeRow row, AttachClaim claim, HeadChange change, LogEntry log, LogEntry at)
    {
        if (change.Refusal is not null) return row.Truth;
        var truth = row.Truth with { Epoch = change.Head.Epoch };
        if (change.Head.Epoch < row.Truth.Epoch) throw new Violation($"{Id}: epoch {change.Head.Epoch} is granted after {row.Truth.Epoch} (I7)");
        if (change.Head.Staging is not { } staging)
            return log.Find(row.Truth.Tip) is not null || IsFresh(row, log) ? truth : throw new Violation("an epoch is granted to a log that does not hold the volume's history (I3)");
        if (staging.IsAbandoned) return truth;
        if (row.Head.Staging is not null)
            return log.Find(row.Truth.Staged!.Tip) is not null || IsNewLogs(row) ? truth : throw new Violation("an epoch of a branch is granted to another log than the one that it began for (I3)");
        _world.Happened(claim.IsStoreChanged ? "a branch begins for a changed store" : "a branch begins because the service went back", $"{Id}: at {staging.Sequence}, the volume at {row.Head.CommittedSequence}");
        // A log whose last commits were not answered learns of them now.
        var isToldMore = !claim.IsStoreChanged && claim.LastSequence < staging.Sequence;
        return truth with { Staged = StagedTruth.Begin(isToldMore ? row.Truth.Tip : at, staging) };
    }

    // Nothing was committed yet, and no position promised: any new log may fill the branch, with all that its store has.
    private static bool IsNewLogs(VolumeRow row) => row.Head.Staging is { Sequence: 0, LogEnd: 0 };

    /// <summary>The log segments of a branch are the log's next records, in order, from where it went on (I3).</summary>
    private VolumeTruth ExtendStaged(VolumeRow row, IReadOnlyList<(SegmentClaim Claim, DateTimeOffset TicketAt)> fresh, IReadOnlyList<SegmentClaim> claims)
    {
        var staged = row.Truth.Staged!;
        foreach (var (claim, _) in fresh)
        {
            var (from, to, content) = _world.Sealed[claim.BlobKey];
            if (!from.Is(staged.Tip) && !(staged.Log.IsEmpty && IsNewLogs(row))) throw new Violation($"segment {claim.Sequence} holds records after '{from}', the branch ends with '{staged.Tip}' (I3)");
            staged = staged with
            {
                Tip = to,
                Sequence = claim.Sequence,
                Log = staged.Log.Add(new CommittedSegment(claim.Sequence, content.Reference, content.Entries, from, to)),
                Waiting = staged.Waiting.Union(claims.First(other => other.Sequence == claim.Sequence).SnapshotIds),
            };
        }
        return row.Truth with { Staged = staged };
    }

    /// <summary>The bucket knows more than the head, as the grain asks it when a log is ahead.</summary>
    private bool IsBucketAhead(VolumeRow row) =>
        Sync.Result(new Bucket(_world.Bucket, new SimulatedKeys()).OpenAsync(Lineage)) is { } stored
        && (stored.Sequence > row.Head.CommittedSequence || stored.Manifest.Head.Version > row.Head.Version);

    private bool FoldMainFirst()
    {
        if (Row?.Head is not { Staging.IsAbandoned: false, Tail.Count: > 0 }) return false;
        ComputeFold();
        Folds.ForEach(PrepareFold);
        Folds.Clear();
        return true;
    }

    private StagingFold? ComputeStagingFold(VolumeRow row)
    {
        var head = row.Head;
        if (_world.Is(PlantedBug.FillOverNewerWrite) && head.Staging is { } staging) head = head with { Staging = staging with { FirstSequence = staging.Sequence } };
        if (Sync.Result(new StagingFolder(Segments.At([.. OriginTables]), Sealer, PutAsync).FoldAsync(head)) is not { } fold) return null;
        if (fold.Folded.Count > 0) _world.Happened("a branch is folded", Id);
        if (_world.Is(PlantedBug.FillOverDiscard)) return fold with { Zeroes = [] };
        if (_world.Is(PlantedBug.StagedDeathForgotten)) return fold with { Deaths = [] };
        if (!_world.Is(PlantedBug.DeathBeforePublication)) return fold;
        var lost = fold.Deaths.Select(death => KeyValuePair.Create(new SegmentIdentity(death.Kind, Lineage, 1, 0, death.SegmentSequence, death.SegmentNonce), death.Bytes));
        return fold with { Deaths = [], Lost = fold.Lost.Concat(lost).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value)) };
    }
}
