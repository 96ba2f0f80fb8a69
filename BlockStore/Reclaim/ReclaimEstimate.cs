namespace Tidegate.BlockStore.Reclaim;

/// <summary>What deleting snapshots together would free.</summary>
/// <param name="Bytes">Stored bytes of frames and pages that nothing else needs.</param>
/// <param name="IsAtLeast">True while a discard's dead subtrees wait to be looked into: it may be more.</param>
/// <param name="Waiting">Dead subtrees and releases of deletions before that are still under way.</param>
public sealed record ReclaimEstimate(long Bytes, bool IsAtLeast, int Waiting);
