using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;

namespace Tidegate.BlockStore.Heads;

/// <summary>One uploaded segment that an agent asks to commit.</summary>
/// <param name="BlobKey">Where it lies.</param>
/// <param name="Sequence">Follows the head's by one.</param>
/// <param name="LogStart">First log position it holds.</param>
/// <param name="LogEnd">Position after the last.</param>
/// <param name="PreviousDigest">Digest of the segment before.</param>
/// <param name="Digest">Its own.</param>
/// <param name="LengthBytes">Size of the blob.</param>
/// <param name="FrameBytes">Stored bytes of its frames.</param>
/// <param name="HostTimeEnd">Host clock at its last record.</param>
/// <param name="SnapshotIds">Snapshots whose barrier is at <paramref name="LogEnd"/>.</param>
public sealed record SegmentClaim(
    string BlobKey,
    long Sequence,
    long LogStart,
    long LogEnd,
    SegmentDigest PreviousDigest,
    SegmentDigest Digest,
    long LengthBytes,
    long FrameBytes,
    DateTimeOffset HostTimeEnd,
    IReadOnlyList<string> SnapshotIds)
{
    /// <summary>Mark of the barrier at <c>LogEnd</c> that ends the copying of a branch (<see cref="StagingMark"/>); null for none.</summary>
    public string? Mark { get; init; }
}
