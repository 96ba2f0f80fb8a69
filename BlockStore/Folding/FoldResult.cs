using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>
/// What a fold made: a new base root, the roots of the cuts that it passed, and the accounting that is saved with them. Its map
/// segments are stored already; nothing refers to them until the fold is published.
/// </summary>
public sealed record FoldResult
{
    /// <summary>The volume's lineage.</summary>
    public required LineageId Lineage { get; init; }

    /// <summary>Incarnation of the head that it began from.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Base sequence that it began from.</summary>
    public required long FromSequence { get; init; }

    /// <summary>Root that it began from.</summary>
    public required PageRoot? FromRoot { get; init; }

    /// <summary>Own sequence that the new root holds everything through.</summary>
    public required long ThroughSequence { get; init; }

    /// <summary>The new root; null when all reads as zero.</summary>
    public required PageRoot? Root { get; init; }

    /// <summary>The segments that it took from the front of the tail.</summary>
    public required IReadOnlyList<TailEntry> Folded { get; init; }

    /// <summary>Size of the volume that it saw, in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Root at each cut it was told of.</summary>
    public required IReadOnlyDictionary<long, PageRoot?> CutRoots { get; init; }

    /// <summary>
    /// Segments of this lineage that are new in the base, map segments included, with all their bytes and those that live.
    /// </summary>
    public required IReadOnlyList<SegmentLife> Born { get; init; }

    /// <summary>Bytes that ceased to live in segments counted before.</summary>
    public required IReadOnlyDictionary<SegmentIdentity, long> Lost { get; init; }

    /// <summary>Dead lists to add to.</summary>
    public required IReadOnlyList<DeathRecord> Deaths { get; init; }

    /// <summary>Subtrees that discards dropped unread.</summary>
    public required IReadOnlyList<DeadSubtree> Subtrees { get; init; }

    /// <summary>What merging did, in all of its roots.</summary>
    public MergeTally Merging { get; init; }

    /// <summary>True while a head still has the base that the fold began from.</summary>
    public bool IsFor(VolumeHead head) =>
        Lineage == head.Lineage && Incarnation == head.Incarnation && FromSequence == head.BaseSequence && FromRoot == head.Root;
}
