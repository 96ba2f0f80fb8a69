using System.Security.Cryptography;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Client.Rest;

// Offers of snapshots to other accounts, and copies.
public sealed partial class TidegateRestClient
{
    /// <summary>
    /// Offers a completed snapshot to another account, which may copy it. Throws <c>NotFound</c>, <c>InvalidState</c>, <c>InvalidArgument</c>. Tried
    /// again after a failure, under one idempotency key.
    /// </summary>
    public Task<SnapshotOfferView> OfferSnapshotAsync(
        string snapshotId, OfferSnapshotRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Repeatable($"/v1/snapshots/{Escape(snapshotId)}/offers", idempotencyKey ?? RandomNumberGenerator.GetHexString(32, lowercase: true)),
            request, RestJson.Default.OfferSnapshotRequest, RestJson.Default.SnapshotOfferView, cancellationToken);

    /// <summary>The account's offers, or with <paramref name="received"/> those made to it, page by page.</summary>
    public IAsyncEnumerable<SnapshotOfferView> ListOffersAsync(bool received = false, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/offers", [("received", received ? "true" : null)], pageSize, RestJson.Default.PageSnapshotOfferView, cancellationToken);

    /// <summary>An offer, for either of its accounts. Throws <c>NotFound</c>.</summary>
    public Task<SnapshotOfferView> GetOfferAsync(string offerId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/offers/" + Escape(offerId)), RestJson.Default.SnapshotOfferView, cancellationToken);

    /// <summary>
    /// Accepts an offer and begins the copy; again it answers with the copy that there is. Throws <c>NotFound</c>, and <c>InvalidState</c> when it has
    /// expired or was revoked.
    /// </summary>
    public Task<SnapshotCopyView> AcceptOfferAsync(string offerId, AcceptOfferRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Repeatable($"/v1/offers/{Escape(offerId)}/accept"), request, RestJson.Default.AcceptOfferRequest, RestJson.Default.SnapshotCopyView, cancellationToken);

    /// <summary>Takes an offer back, and with it a copy that is being made; one that has ended leaves the list.</summary>
    public Task RevokeOfferAsync(string offerId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete("/v1/offers/" + Escape(offerId)), cancellationToken);

    /// <summary>The account's copies of others' snapshots, page by page.</summary>
    public IAsyncEnumerable<SnapshotCopyView> ListCopiesAsync(int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/copies", [], pageSize, RestJson.Default.PageSnapshotCopyView, cancellationToken);

    /// <summary>A copy and its progress. Throws <c>NotFound</c>.</summary>
    public Task<SnapshotCopyView> GetCopyAsync(string copyId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/copies/" + Escape(copyId)), RestJson.Default.SnapshotCopyView, cancellationToken);

    /// <summary>Gives up a copy that is being made; one that has failed leaves the list. Throws <c>InvalidState</c> for a complete one.</summary>
    public Task CancelCopyAsync(string copyId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete("/v1/copies/" + Escape(copyId)), cancellationToken);
}
