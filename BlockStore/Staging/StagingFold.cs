using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// What a fold of a staging branch made: a new staged root and the accounting that is saved with it. Its map segments are stored already;
/// nothing refers to them until it is published.
/// </summary>
public sealed record StagingFold
{
    /// <summary>The volume's lineage.</summary>
    public required LineageId Lineage { get; init; }

    /// <summary>Incarnation of the head that it began from.</summary>
    public required long Incarnation { get; init; }

    /// <summary>The branch as it began from it.</summary>
    public required StagingBranch From { get; init; }

    /// <summary>Root that it began from.</summary>
    public required PageRoot? FromRoot { get; init; }

    /// <summary>Log sequence that the new root holds everything through.</summary>
    public required long ThroughSequence { get; init; }

    /// <summary>The new root; null when all reads as zero.</summary>
    public required PageRoot? Root { get; init; }

    /// <summary>The segments that it took from the front of the tail; none when the tail was empty.</summary>
    public required IReadOnlyList<TailEntry> Folded { get; init; }

    /// <summary>Segments that are new in the staged root, map segments included.</summary>
    public required IReadOnlyList<SegmentLife> Born { get; init; }

    /// <summary>Bytes that ceased to live in segments staged before.</summary>
    public required IReadOnlyDictionary<SegmentIdentity, long> Lost { get; init; }

    /// <summary>What will die in the main image, by birth and segment.</summary>
    public required IReadOnlyList<DeathRecord> Deaths { get; init; }

    /// <summary>Sectors that the folded log made zero; sorted and disjoint.</summary>
    public required IReadOnlyList<SegmentRange> Zeroes { get; init; }

    /// <summary>True while a head's branch, whose whole tail is given, still has what the fold began from.</summary>
    public bool IsFor(VolumeHead head, IReadOnlyList<TailEntry> tail) =>
        IsFor(head)
        && tail.Count == head.Staging!.Tail.Count
        && Folded.Count <= tail.Count
        && (Folded.Count == 0 || tail[Folded.Count - 1].Segment == Folded[^1].Segment);

    /// <summary>As above, but for the tail.</summary>
    public bool IsFor(VolumeHead head) =>
        head.Staging is { IsAbandoned: false } staging
        && head.Tail.Count == 0
        && Lineage == head.Lineage && Incarnation == head.Incarnation
        && staging.FirstEpoch == From.FirstEpoch
        && staging.IsBased == From.IsBased && staging.RootOf(head) == FromRoot;
}
