using System.Text;

namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>One uploaded segment.</summary>
/// <param name="Sequence">Follows the head's by one.</param>
/// <param name="BlobKey"><c>account/volume/epoch/sequence-nonce</c>.</param>
/// <param name="LogStart">First log position it holds.</param>
/// <param name="LogEnd">Position after the last.</param>
/// <param name="PreviousDigest">Digest of the segment before; the chain (I3).</param>
/// <param name="Digest">Keyed hash over the log records in the range.</param>
/// <param name="LengthBytes">Size of the blob.</param>
/// <param name="FrameBytes">Stored bytes of its live frames: what the accounting counts.</param>
/// <param name="HostTimeStart">Host clock at its first record, for display.</param>
/// <param name="HostTimeEnd">Host clock at its last record, for display.</param>
/// <param name="SnapshotIds">Snapshots whose barrier is exactly at <paramref name="LogEnd"/>.</param>
/// <param name="TicketToken">Token of the ticket it was uploaded with; refused when over an hour old.</param>
[GenerateSerializer, Immutable, Alias("tidegate.segment-commit")]
public sealed record SegmentCommit(
    [property: Id(0)] long Sequence,
    [property: Id(1)] string BlobKey,
    [property: Id(2)] long LogStart,
    [property: Id(3)] long LogEnd,
    [property: Id(4)] byte[] PreviousDigest,
    [property: Id(5)] byte[] Digest,
    [property: Id(6)] long LengthBytes,
    [property: Id(7)] long FrameBytes,
    [property: Id(8)] DateTimeOffset HostTimeStart,
    [property: Id(9)] DateTimeOffset HostTimeEnd,
    [property: Id(10)] IReadOnlyList<string> SnapshotIds,
    [property: Id(11)] string TicketToken)
{
    // The token lets whoever reads it in, and so does the address of a ticket, which may be signed.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("BlobKey = ").Append(BlobKey).Append(", Sequence = ").Append(Sequence).Append(", LogEnd = ").Append(LogEnd);
        return true;
    }
}
