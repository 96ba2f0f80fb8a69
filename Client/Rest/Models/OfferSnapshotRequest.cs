namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/snapshots/{id}/offers</c>.</summary>
/// <param name="ToAccountId">The only account that may accept the offer; twelve digits. Whether there is such an account is not told.</param>
/// <param name="ValidSeconds">How long it may be accepted: 60 to 7,776,000 (90 days); a week when null.</param>
public sealed record OfferSnapshotRequest(string ToAccountId, long? ValidSeconds = null);
