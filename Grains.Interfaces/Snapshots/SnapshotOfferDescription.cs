namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>An offer of a snapshot to an account (<c>docs/formats/copy.md</c>), as the caller may see it.</summary>
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
[GenerateSerializer, Immutable, Alias("tidegate.snapshot-offer-description")]
public sealed record SnapshotOfferDescription(
    [property: Id(0)] string OfferId,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string ToAccountId,
    [property: Id(3)] string SnapshotId,
    [property: Id(4)] SnapshotOfferState State,
    [property: Id(5)] string Description,
    [property: Id(6)] long SizeBytes,
    [property: Id(7)] DateTimeOffset? PointAt,
    [property: Id(8)] DateTimeOffset CreatedAt,
    [property: Id(9)] DateTimeOffset ExpiresAt,
    [property: Id(10)] string CopyId,
    [property: Id(11)] string FailureReason);
