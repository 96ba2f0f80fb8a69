using System.Collections.ObjectModel;
using Tidegate.Grains.Blobs;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Hosting;

namespace Tidegate.Silo.Blobs;

/// <summary>Tickets for the service's own data endpoint, for stores that cannot sign their own.</summary>
internal sealed class DataEndpointTickets(TicketSigner signer, ServiceAddresses addresses, TimeProvider time) : ITicketIssuer
{
    /// <inheritdoc/>
    public BlobTicket IssueWrite(string blobKey) => Issue(TicketMethod.Put, blobKey, TicketLifetimes.Write);

    /// <inheritdoc/>
    public BlobTicket IssueRead(string blobKey) => Issue(TicketMethod.Get, blobKey, TicketLifetimes.Read);

    /// <inheritdoc/>
    public DateTimeOffset? IssuedAt(string token, string blobKey) => signer.Verify(token, TicketMethod.Put, blobKey)?.IssuedAt;

    private BlobTicket Issue(TicketMethod method, string blobKey, TimeSpan lifetime)
    {
        var agents = addresses.AgentsUrl
            ?? throw new TidegateException(ErrorCodes.Unavailable, "The data endpoint is not open yet.", "Try again in a second.");
        var issuedAt = time.GetUtcNow();
        var token = signer.Sign(method, blobKey, issuedAt, issuedAt + lifetime);
        return new BlobTicket(
            blobKey,
            method == TicketMethod.Put ? HttpMethods.Put : HttpMethods.Get,
            $"{agents}/data/v1/{blobKey}?ticket={token}",
            ReadOnlyDictionary<string, string>.Empty,
            issuedAt + lifetime,
            token);
    }
}
