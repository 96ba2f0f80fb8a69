using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Client.Rest.Models;

/// <summary>An offer of a snapshot to another account, as one of the two sees it: <c>GET /v1/offers/{id}</c>, and the items of <c>GET /v1/offers</c>.</summary>
/// <param name="OfferId">The offer.</param>
/// <param name="AccountId">Who offers.</param>
/// <param name="ToAccountId">Who may accept.</param>
/// <param name="SnapshotId">The snapshot; empty for the account that it is offered to.</param>
/// <param name="State">How far it is.</param>
/// <param name="Description">The owner's words for the snapshot.</param>
/// <param name="SizeBytes">Size of its image.</param>
/// <param name="PointAt">Service time of its point.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it can be accepted no more.</param>
/// <param name="CopyId">The copy that it became; empty before, and for the account that offers.</param>
/// <param name="FailureReason">Why the copy will not be; empty otherwise.</param>
public sealed record SnapshotOfferView(
    string OfferId,
    string AccountId,
    string ToAccountId,
    string SnapshotId,
    SnapshotOfferState State,
    string Description,
    long SizeBytes,
    DateTimeOffset? PointAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    string CopyId,
    string FailureReason);
