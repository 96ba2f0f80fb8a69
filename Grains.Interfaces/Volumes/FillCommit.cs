using System.Text;

namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>One uploaded fill: blocks copied from the store.</summary>
/// <param name="Number">Follows the branch's last by one.</param>
/// <param name="BlobKey"><c>account/volume/fill-epoch/number-nonce</c>.</param>
/// <param name="PreviousDigest">Digest of the fill before; empty for the first of a branch.</param>
/// <param name="Digest">Its own.</param>
/// <param name="LengthBytes">Size of the blob.</param>
/// <param name="FrameBytes">Stored bytes of its frames.</param>
/// <param name="TicketToken">Token of the ticket it was uploaded with; refused when over an hour old.</param>
[GenerateSerializer, Immutable, Alias("tidegate.fill-commit")]
public sealed record FillCommit(
    [property: Id(0)] long Number,
    [property: Id(1)] string BlobKey,
    [property: Id(2)] byte[] PreviousDigest,
    [property: Id(3)] byte[] Digest,
    [property: Id(4)] long LengthBytes,
    [property: Id(5)] long FrameBytes,
    [property: Id(6)] string TicketToken)
{
    // The token lets whoever reads it in, and so does the address of a ticket, which may be signed.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("BlobKey = ").Append(BlobKey).Append(", Number = ").Append(Number);
        return true;
    }
}
