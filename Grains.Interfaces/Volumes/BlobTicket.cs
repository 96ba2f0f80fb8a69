using System.Text;

namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>Permission to do one thing to one blob, straight at the store or at the service's data endpoint.</summary>
/// <param name="BlobKey">The blob.</param>
/// <param name="Method">HTTP method: PUT (create only) or GET.</param>
/// <param name="Url">Where.</param>
/// <param name="Headers">Headers to send as given.</param>
/// <param name="ExpiresAt">By the service's clock.</param>
/// <param name="Token">Presented again with the commit, so that the service knows when it was issued.</param>
/// <param name="Trust">Whom to trust at the URL.</param>
[GenerateSerializer, Immutable, Alias("tidegate.blob-ticket")]
public sealed record BlobTicket(
    [property: Id(0)] string BlobKey,
    [property: Id(1)] string Method,
    [property: Id(2)] string Url,
    [property: Id(3)] IReadOnlyDictionary<string, string> Headers,
    [property: Id(4)] DateTimeOffset ExpiresAt,
    [property: Id(5)] string Token,
    [property: Id(6)] TicketTrust Trust = TicketTrust.ServiceAuthority)
{
    // The token lets whoever reads it in, and so does the address of a ticket, which may be signed.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("BlobKey = ").Append(BlobKey).Append(", Method = ").Append(Method).Append(", ExpiresAt = ").Append(ExpiresAt.ToString("O"));
        return true;
    }
}
