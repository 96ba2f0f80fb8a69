using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Heads;

/// <summary>Where an attaching log stands.</summary>
/// <param name="LastEpoch">Epoch of the last segment this log sealed, or that the branch began with which it was granted, whichever is later; 0 for a new log.</param>
/// <param name="LastSequence">Sequence this log believes committed; 0 for none.</param>
/// <param name="LastDigest">Its digest.</param>
/// <param name="CommittedLogEnd">Log end this log believes committed.</param>
/// <param name="StoreSizeBytes">Size of the local store.</param>
/// <param name="Seals">The log's own seal records after <paramref name="LastSequence"/>, oldest first.</param>
public sealed record AttachClaim(
    long LastEpoch,
    long LastSequence,
    SegmentDigest LastDigest,
    long CommittedLogEnd,
    long StoreSizeBytes,
    IReadOnlyList<SealClaim> Seals)
{
    /// <summary>
    /// True when the store is not what log and head say: it was changed while the agent was stopped, had data of its own before its first
    /// upload, or was written past the log.
    /// </summary>
    public bool IsStoreChanged { get; init; }

    /// <summary>
    /// Where the log goes on when writes went past it: its records before that which were not committed are given up, because the store has newer
    /// bytes by now and copies of it tell all. Null when the log has no gap.
    /// </summary>
    public long? LogResumesAt { get; init; }

    /// <summary>
    /// True when the log saw more committed than the head has: a later sequence, or the same and a gap after it, which only a staging branch that is
    /// gone can have taken. A log of which nothing was ever committed counts 0.
    /// </summary>
    internal bool IsAheadOf(VolumeHead head) =>
        LastSequence > head.CommittedSequence
        || (LastSequence == head.CommittedSequence && LastDigest == head.TipDigest && CommittedLogEnd > head.CommittedLogEnd);
}
