using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;

namespace Tidegate.BlockStore.Heads;

/// <summary>
/// A change of the head, made ready outside the save: the catalogue is read, changed and sealed by a worker, and whoever saves the head
/// only checks that it is still the one that the change was prepared for. Commits may have come in between; any change of the
/// catalogue makes the preparation void (<c>docs/formats/head.md</c>, Prepared changes).
/// </summary>
/// <param name="Catalogue">The changed catalogue and the blobs to store before the save.</param>
public sealed record PreparedChange(CatalogueUpdate Catalogue)
{
    /// <summary>The fold whose root is published with it, or null.</summary>
    public FoldResult? Fold { get; init; }

    /// <summary>The compaction whose relocation table is published with it, or null.</summary>
    public CompactionResult? Compaction { get; init; }

    /// <summary>The recovery point that the change holds beyond its time, as a cut; null when it holds none.</summary>
    public SnapshotRecord? Point { get; init; }

    /// <summary>True when the head's root goes, with all under it: the volume was deleted.</summary>
    public bool DropsRoot { get; init; }

    /// <summary>The fold of the staging branch that is published with it, or null.</summary>
    public StagingFold? Staged { get; init; }

    /// <summary>What the staging branch must hold to be published with <see cref="Staged"/>; null when it stays a branch.</summary>
    public StagingDeclaration? Declared { get; init; }

    /// <summary>True when an abandoned staging branch goes.</summary>
    public bool DropsStaging { get; init; }

    /// <summary>True when it leaves something to a next unit of reclaim (<see cref="PendingReleases"/>).</summary>
    public bool IsPartial { get; init; }

    /// <summary>Blobs that nothing names once a deleted volume has let go of its catalogue; empty otherwise.</summary>
    public IReadOnlyList<string> Remnants { get; init; } = [];

    /// <summary>
    /// Prepares the publication of a fold: its accounting, the roots of the cuts that it passed, the recovery window. Null when it
    /// has lost, to another fold or to a cut retained by now that lies inside it without a root: fold again.
    /// </summary>
    public static async Task<PreparedChange?> OfFoldAsync(
        VolumeHead head, FoldResult fold, SegmentCache segments, LineageSealer sealer, ReclaimTerms terms,
        CancellationToken cancellationToken = default) =>
        await new FoldPublication(head, fold, segments, sealer, terms).PrepareAsync(cancellationToken);

    /// <summary>
    /// Prepares the publication of a compaction: what it replaced is condemned at <paramref name="now"/>, the service's clock. Null when it has
    /// lost to another compaction: compact again.
    /// </summary>
    public static async Task<PreparedChange?> OfCompactionAsync(
        VolumeHead head, CompactionResult compaction, DateTimeOffset now, SegmentCache segments, LineageSealer sealer,
        CancellationToken cancellationToken = default)
    {
        if (!compaction.IsFor(head)) return null;
        var catalogue = new CatalogueEdit(head, segments);
        await compaction.ApplyAsync(catalogue, now, head.Version + 1, cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, head.Version + 1, now, cancellationToken)) { Compaction = compaction };
    }

    /// <summary>A change that waited longer is prepared again: its tombstones are as old as it is, and their grace must be whole.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    /// <summary>
    /// The tail that <see cref="Publish"/> must be given whole: the head's, or its staging branch's.
    /// </summary>
    public Tail TailOf(VolumeHead head) => Staged is null ? head.Tail : head.Staging?.Tail ?? Tail.Empty;

    /// <summary>
    /// The change of <paramref name="head"/>; <paramref name="tail"/> is the whole of <see cref="TailOf"/> (<see cref="TailManifest.LoadAsync"/>).
    /// Refused as superseded when the catalogue, or what a fold began from, is no longer what it was, or when it is older than
    /// <see cref="MaxAge"/> at <paramref name="now"/>, the service's clock: prepare again.
    /// </summary>
    public HeadChange Publish(VolumeHead head, IReadOnlyList<TailEntry> tail, LineageSealer sealer, DateTimeOffset now)
    {
        if (now - Catalogue.SealedAt > MaxAge)
            return HeadChange.Refused(
                head, HeadRefusalReason.Superseded, $"The change was prepared at {Catalogue.SealedAt:O}, too long ago. Prepare it again.");
        if (Catalogue.BasedOn != head.Catalogue)
            return HeadChange.Refused(
                head, HeadRefusalReason.Superseded, "The catalogue changed since the change was prepared. Prepare it again from the new head.");
        var change = Fold is not null ? HeadMachine.PublishFold(head, Fold, tail, sealer)
            : Compaction is not null ? HeadMachine.PublishCompaction(head, Compaction)
            : Declared is not null ? StagingMachine.Publish(head, Staged!, Declared, tail, now, sealer)
            : Staged is not null ? StagingMachine.PublishFold(head, Staged, tail, sealer)
            : DropsStaging ? StagingMachine.Drop(head)
            : DropsRoot ? HeadMachine.DropRoot(head)
            : HeadChange.To(head);
        return change.Refusal is null ? change.WithCatalogue(Catalogue) : change;
    }
}
