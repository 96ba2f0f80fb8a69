using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;

namespace Tidegate.Tests.Simulation.BlockStore;

// Folds: computed by a worker from some head, prepared for a later one, published to whatever the head is by then, or never.
internal sealed partial class SimulatedVolume
{
    /// <summary>Folds that a worker has computed and not prepared.</summary>
    internal List<FoldResult> Folds { get; } = [];

    /// <summary>Changes that a worker has prepared and the volume has not published.</summary>
    internal List<PreparedChange> Prepared { get; } = [];

    // All of the past is kept, so that every death stays on record.
    private ReclaimTerms Terms => new(_world.Now, new Retention(TimeSpan.FromDays(10_000), TimeSpan.Zero, TimeSpan.Zero));

    internal void ComputeFold()
    {
        if (AnyRow() is not { } row) return;
        var cuts = Sync.Result(OpenCatalogue(row.Head).ListCutsAsync(row.Head.BaseSequence, row.Head.CommittedSequence)).Select(cut => cut.Sequence).ToHashSet();
        if (_world.Is(PlantedBug.FoldPassesCuts)) cuts = [];
        var folder = new Folder(Segments, Sealer, (blob, cancellation) =>
        {
            Sync.Result(_world.Bucket.PutIfAbsentAsync(blob.Key, blob.Content, cancellation));
            return ValueTask.CompletedTask;
        });
        if (Sync.Result(folder.FoldAsync(row.Head, cuts)) is not { } fold) return;
        _world.Note($"{Id}: folded {fold.Folded.Count} segments through {fold.ThroughSequence}, cuts at [{string.Join(", ", cuts)}]");
        Folds.Add(fold);
    }

    internal void PrepareFold(FoldResult fold)
    {
        if (AnyRow() is not { } row) return;
        var prepared = Sync.Result(PreparedChange.OfFoldAsync(row.Head, Bugged(fold, row.Head), Segments, Sealer, Terms));
        if (prepared is not null) Prepared.Add(prepared);
        _world.Happened(prepared is null ? "a fold has lost before it is prepared" : "a fold is prepared", $"{Id}: through {fold.ThroughSequence}, for v{row.Head.Version}");
    }

    internal void Publish(PreparedChange prepared) => Perform(
        $"publication of the fold through {prepared.Fold?.ThroughSequence}",
        row =>
        {
            var tail = Sync.Result(TailManifest.LoadAsync(Segments, row.Head.Tail, CancellationToken.None));
            var change = prepared.Publish(row.Head, tail, Sealer);
            if (_world.Is(PlantedBug.StaleFoldPublished) && change.Refusal is not null && prepared.Fold is { } fold && fold.ThroughSequence <= row.Head.CommittedSequence)
            {
                var rest = tail.Where(entry => entry.Segment.Identity.Owner == Lineage && entry.Segment.Identity.Sequence > fold.ThroughSequence).TakeLast(Tail.MaxInline);
                change = new HeadChange(
                    row.Head with { Version = row.Head.Version + 1, Root = fold.Root, BaseSequence = fold.ThroughSequence, Tail = new Tail(null, 0, [.. rest]) }, [], [], null);
            }
            return ToDecision(row, change, row.Truth, withManifest: true);
        },
        (_, _) => { });

    private FoldResult Bugged(FoldResult fold, VolumeHead head)
    {
        if (_world.Is(PlantedBug.FoldPassesCuts))
        {
            var cuts = Sync.Result(OpenCatalogue(head).ListCutsAsync(fold.FromSequence, fold.ThroughSequence)).Select(cut => cut.Sequence).Distinct();
            return fold with { CutRoots = cuts.ToDictionary(cut => cut, cut => cut == fold.ThroughSequence ? fold.Root : fold.FromRoot) };
        }
        if (_world.Is(PlantedBug.DeathBeforeFoldForgotten)) return fold with { Deaths = [.. fold.Deaths.Where(death => death.Birth <= fold.FromSequence)] };
        if (_world.Is(PlantedBug.SnapshotGetsLaterRoot)) return fold with { CutRoots = fold.CutRoots.ToDictionary(cut => cut.Key, _ => fold.Root) };
        return _world.Is(PlantedBug.DeathCountedAtTheFold)
            ? fold with { Deaths = [.. fold.Deaths.Select(death => death with { Death = fold.ThroughSequence })] }
            : fold;
    }

    /// <summary>What a worker was given to begin from: new, or as an idle activation remembers it.</summary>
    private VolumeRow? AnyRow() => _activations[_world.Random.Next(2)] ?? Row;
}
