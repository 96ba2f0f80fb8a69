using System.Collections.ObjectModel;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using Tidegate.Grains.Blobs;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Silo.Blobs;

/// <summary>
/// Tickets that open the store itself: shared access signatures for exactly one blob, create-only or read-only
/// (<c>docs/protocols/volume-data.md</c>, Tickets). The store enforces method, blob and expiry by its own clock.
/// </summary>
internal sealed class AzureTickets(BlobContainerClient container, TicketSigner signer, TimeProvider time) : ITicketIssuer
{
    private const string OneBlob = "b";

    private static readonly ReadOnlyDictionary<string, string> WriteHeaders = new(new Dictionary<string, string>
    {
        ["x-ms-blob-type"] = "BlockBlob",
        ["If-None-Match"] = "*",
        ["Content-Type"] = "application/octet-stream",
    });

    /// <inheritdoc/>
    public BlobTicket IssueWrite(string blobKey)
    {
        var issuedAt = time.GetUtcNow();
        // The signature has no place for the time of issue, by which a commit judges the ticket: our own token has.
        var token = signer.Sign(TicketMethod.Put, blobKey, issuedAt, issuedAt + TicketLifetimes.Write);
        return Issue(blobKey, HttpMethods.Put, BlobSasPermissions.Create, issuedAt + TicketLifetimes.Write, WriteHeaders, token);
    }

    /// <inheritdoc/>
    public BlobTicket IssueRead(string blobKey) =>
        Issue(blobKey, HttpMethods.Get, BlobSasPermissions.Read, time.GetUtcNow() + TicketLifetimes.Read, ReadOnlyDictionary<string, string>.Empty, token: "");

    /// <inheritdoc/>
    public DateTimeOffset? IssuedAt(string token, string blobKey) => signer.Verify(token, TicketMethod.Put, blobKey)?.IssuedAt;

    private BlobTicket Issue(
        string blobKey, string method, BlobSasPermissions permission, DateTimeOffset until, ReadOnlyDictionary<string, string> headers, string token)
    {
        var isPlain = container.Uri.Scheme == Uri.UriSchemeHttp;
        // Signatures count in whole seconds; the ticket says the same moment.
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(until.ToUnixTimeSeconds());
        var signature = new BlobSasBuilder(permission, expiresAt)
        {
            BlobContainerName = container.Name,
            BlobName = blobKey,
            Resource = OneBlob,
            Protocol = isPlain ? SasProtocol.HttpsAndHttp : SasProtocol.Https,
        };
        return new BlobTicket(
            blobKey, method, container.GetBlobClient(blobKey).GenerateSasUri(signature).AbsoluteUri, headers, expiresAt, token,
            isPlain ? TicketTrust.PlainHttp : TicketTrust.SystemAuthorities);
    }
}
