using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Simulation.BlockStore;

// Folds: computed by a worker from some head, prepared for a later one, published to whatever the head is by then, or never.
internal sealed partial class SimulatedVolume
{
    /// <summary>Folds that a worker has computed and not prepared.</summary>
    internal List<FoldResult> Folds { get; } = [];

    /// <summary>Merges whatever can be: the volumes are small.</summary>
    private MergeOptions Merging { get; }

    /// <summary>What of the past is kept besides snapshots.</summary>
    internal Retention Retention { get; }

    internal void ComputeFold()
    {
        if (AnyRow() is not { } row || Try(row, "fold", () => ComputeFold(row)) is not { } fold) return;
        _world.Note($"{Id}: folded {fold.Folded.Count} segments through {fold.ThroughSequence}, cuts at [{string.Join(", ", fold.CutRoots.Keys)}]");
        Folds.Add(fold);
    }

    private FoldResult? ComputeFold(VolumeRow row)
    {
        var cuts = Sync.Result(OpenCatalogue(row.Head).ListCutsAsync(row.Head.BaseSequence, row.Head.CommittedSequence)).Select(cut => cut.Sequence).ToHashSet();
        if (_world.Is(PlantedBug.FoldPassesCuts)) cuts = [];
        var folder = new Folder(
            Segments.At([.. OriginTables]),
            Sealer,
            PutAsync,
            Merging);
        var fold = Sync.Result(folder.FoldAsync(row.Head, cuts));
        if (fold is not null && HasMerged(fold)) _world.Happened("frames are merged", Id);
        return fold;
    }

    /// <summary>What a worker's product stores as it fills.</summary>
    private ValueTask PutAsync(BlobEffect blob, CancellationToken cancellationToken)
    {
        Sync.Result(_world.Bucket.PutIfAbsentAsync(blob.Key, blob.Content, cancellationToken));
        return ValueTask.CompletedTask;
    }

    private static MergeOptions DrawMerging(Random random) =>
        new() { TargetFrames = random.Next(1, 4), MinBlocks = 1, Share = 1, FreeBytes = 1 << 20, ParallelReads = 1 };

    private static bool HasMerged(FoldResult fold) => fold.Born.Any(life => life.Segment.Identity.Kind == SegmentKind.Compact);

    /// <summary>What a published fold changes for the model: which frames went unread, and which were merged.</summary>
    private VolumeTruth Folded(FoldResult fold, VolumeRow row, VolumeTruth truth) => truth with
    {
        Dropped = truth.Dropped.SetItems(fold.Subtrees.SelectMany(
            subtree => Reachability.Under(this, row, subtree.Page).Select(frame => KeyValuePair.Create(frame, subtree.Death)))),
        Merged = truth.Merged.AddRange(fold.Born.Where(life => life.Segment.Identity.Kind == SegmentKind.Compact).SelectMany(MergedIn)),
    };

    private IEnumerable<MergedFrame> MergedIn(SegmentLife life)
    {
        var entries = Sync.Result(Segments.OpenAsync(life.Segment, CancellationToken.None)).Index.Entries;
        return entries.Select((entry, i) => new MergedFrame(life.Segment.Identity.Sequence, life.Segment, i, entry.Block, entry.Mask, entry.StoredBytes));
    }

    internal void PrepareFold(FoldResult fold) => Prepare(
        $"fold through {fold.ThroughSequence}",
        row => Sync.Result(PreparedChange.OfFoldAsync(row.Head, Bugged(fold, row.Head), Segments, Sealer, Terms)),
        (row, truth) => Folded(fold, row, truth));

    private FoldResult Bugged(FoldResult fold, VolumeHead head)
    {
        if (_world.Is(PlantedBug.FoldPassesCuts))
        {
            var cuts = Sync.Result(OpenCatalogue(head).ListCutsAsync(fold.FromSequence, fold.ThroughSequence)).Select(cut => cut.Sequence).Distinct();
            return fold with { CutRoots = cuts.ToDictionary(cut => cut, cut => cut == fold.ThroughSequence ? fold.Root : fold.FromRoot) };
        }
        if (_world.Is(PlantedBug.DeathBeforeFoldForgotten)) return fold with { Deaths = [.. fold.Deaths.Where(death => death.Birth <= fold.FromSequence)] };
        if (_world.Is(PlantedBug.MergedFramesFreed) && HasMerged(fold)) return fold with { Deaths = [.. fold.Deaths.Where(death => !fold.CutRoots.ContainsKey(death.Death))] };
        if (_world.Is(PlantedBug.MergedFramesBornEarly))
            return fold with { Deaths = [.. fold.Deaths.Select(death => death.Kind == SegmentKind.Compact ? death with { Birth = death.Birth - 1 } : death)] };
        if (_world.Is(PlantedBug.SnapshotGetsLaterRoot)) return fold with { CutRoots = fold.CutRoots.ToDictionary(cut => cut.Key, _ => fold.Root) };
        return _world.Is(PlantedBug.DeathCountedAtTheFold)
            ? fold with { Deaths = [.. fold.Deaths.Select(death => death with { Death = fold.ThroughSequence })] }
            : fold;
    }

    private HeadChange BuggedPublication(VolumeRow row, PreparedWork work, IReadOnlyList<TailEntry> tail, HeadChange change)
    {
        if (_world.Is(PlantedBug.CompactionBeatsNewerWrite) && change.Refusal is null && work.Change.Compaction is not null)
        {
            var old = work.BasedOn;
            return change with
            {
                Head = change.Head with
                {
                    Root = old.Root,
                    BaseSequence = old.BaseSequence,
                    Tail = old.Tail,
                    CommittedSequence = old.CommittedSequence,
                    CommittedLogEnd = old.CommittedLogEnd,
                    TipDigest = old.TipDigest,
                },
            };
        }
        if (_world.Is(PlantedBug.PointFoundBeforeItsSave) && change.Refusal is not null && work.Change.Point is { } point && !StoreChecks.IsKeptPoint(point))
        {
            var catalogue = OpenCatalogue(row.Head);
            Sync.Result(catalogue.PutSnapshotAsync(point));
            return HeadMachine.ChangeCatalogue(row.Head, Sync.Result(catalogue.SealAsync(Sealer, row.Head.Version + 1, _world.Now)));
        }
        if (_world.Is(PlantedBug.MergeBeatsNewerWrite) && change.Refusal is not null && work.Change.Fold is { } merging && HasMerged(merging))
            return new HeadChange(row.Head with { Version = row.Head.Version + 1, Root = merging.Root }, [], [], null);
        if (!_world.Is(PlantedBug.StaleFoldPublished) || change.Refusal is null || work.Change.Fold is not { } fold || fold.ThroughSequence > row.Head.CommittedSequence)
            return change;
        var rest = tail.Where(entry => entry.Segment.Identity.Owner == Lineage && entry.Segment.Identity.Sequence > fold.ThroughSequence).TakeLast(Tail.MaxInline);
        return new HeadChange(
            row.Head with { Version = row.Head.Version + 1, Root = fold.Root, BaseSequence = fold.ThroughSequence, Tail = new Tail(null, 0, [.. rest]) }, [], [], null);
    }
}
