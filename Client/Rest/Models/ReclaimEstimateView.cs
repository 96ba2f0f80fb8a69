namespace Tidegate.Client.Rest.Models;

/// <summary>What deleting snapshots together would free.</summary>
/// <param name="Bytes">Stored bytes that nothing else needs.</param>
/// <param name="IsAtLeast">True while large discards are still being looked into: it may be more.</param>
public sealed record ReclaimEstimateView(long Bytes, bool IsAtLeast)
{
    /// <summary>What of earlier deletions and discards is still being freed, in units of work; 0 when nothing is.</summary>
    public int Waiting { get; init; }
}
