namespace Tidegate.BlockStore.Folding;

/// <summary>What merging did in a fold, and how the leaves that it wrote were left.</summary>
/// <param name="Merges">Blocks of which frames were merged.</param>
/// <param name="MergedBytes">Stored bytes of the frames that merging wrote.</param>
/// <param name="Blocks">Blocks with data in the leaves that were written.</param>
/// <param name="Frames">Their frames: over <paramref name="Blocks"/> what a reader of a block has to fetch, on average.</param>
public readonly record struct MergeTally(long Merges, long MergedBytes, long Blocks, long Frames);
