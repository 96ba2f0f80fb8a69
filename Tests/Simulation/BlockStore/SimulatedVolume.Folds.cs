using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;

namespace Tidegate.Tests.Simulation.BlockStore;

// Folds: computed from some head, published to whatever the head is by then, or never.
internal sealed partial class SimulatedVolume
{
    /// <summary>Folds that a worker has computed.</summary>
    internal List<FoldResult> Folds { get; } = [];

    internal void ComputeFold()
    {
        if ((_activations[_world.Random.Next(2)] ?? Row) is not { } row) return;
        var cuts = CutsOf(OpenCatalogue(row.Head), row.Head);
        var folder = new Folder(Segments, Sealer, (blob, cancellation) =>
        {
            Sync.Result(_world.Bucket.PutIfAbsentAsync(blob.Key, blob.Content, cancellation));
            return ValueTask.CompletedTask;
        });
        if (Sync.Result(folder.FoldAsync(row.Head, cuts)) is not { } fold) return;
        _world.Note($"{Id}: folded {fold.FoldedSegments} segments through {fold.ThroughSequence}, cuts at [{string.Join(", ", cuts)}]");
        Folds.Add(fold);
    }

    internal void PublishFold(FoldResult fold) => Perform(
        $"publication of the fold of {fold.FromSequence}..{fold.ThroughSequence}",
        row =>
        {
            var tail = Sync.Result(TailManifest.LoadAsync(Segments, row.Head.Tail, CancellationToken.None));
            var catalogue = OpenCatalogue(row.Head);
            var change = HeadMachine.PublishFold(row.Head, fold, tail, CutsOf(catalogue, row.Head), Sealer);
            if (_world.Is(PlantedBug.StaleFoldPublished) && change.Refusal?.Reason == HeadRefusalReason.Superseded && fold.ThroughSequence <= row.Head.CommittedSequence)
            {
                var rest = tail.Where(entry => entry.Segment.Identity.Owner == Lineage && entry.Segment.Identity.Sequence > fold.ThroughSequence).TakeLast(Tail.MaxInline);
                change = new HeadChange(
                    row.Head with { Version = row.Head.Version + 1, Root = fold.Root, BaseSequence = fold.ThroughSequence, Tail = new Tail(null, 0, [.. rest]) }, [], [], null);
                return ToDecision(row, change, row.Truth);
            }
            if (change.Refusal is not null) return new VolumeDecision(null, [], change.Refusal);
            var applied = fold;
            if (_world.Is(PlantedBug.DeathBeforeFoldForgotten))
                applied = fold with { Deaths = [.. fold.Deaths.Where(death => death.Birth <= fold.FromSequence)] };
            if (_world.Is(PlantedBug.SnapshotGetsLaterRoot))
                applied = fold with { CutRoots = fold.CutRoots.ToDictionary(cut => cut.Key, _ => fold.Root) };
            Sync.Run(applied.ApplyAsync(catalogue));
            if (_world.Is(PlantedBug.AccountingOutsideTheSave) && _world.Chance(0.3))
            {
                var twice = applied with { Born = [], Lost = new Dictionary<Tidegate.BlockStore.Segments.SegmentIdentity, long>() };
                Sync.Run(twice.ApplyAsync(catalogue));
            }
            return ToDecision(row, change.WithCatalogue(catalogue.Seal(Sealer, change.Head.Version)), row.Truth, withManifest: true);
        },
        (_, _) => { });

    private HashSet<long> CutsOf(CatalogueEdit catalogue, VolumeHead head) => _world.Is(PlantedBug.FoldPassesCuts)
        ? []
        : [.. Sync.Result(catalogue.ListCutsAsync(head.BaseSequence, head.CommittedSequence)).Select(cut => cut.Sequence)];
}
