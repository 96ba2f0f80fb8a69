namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>An offer to be made.</summary>
/// <param name="SnapshotId">A completed snapshot of the caller's.</param>
/// <param name="ToAccountId">The only account that may accept it. Whether there is such an account is not told.</param>
/// <param name="Validity">How long it may be accepted: a minute to 90 days.</param>
[GenerateSerializer, Immutable, Alias("tidegate.snapshot-offer-request")]
public sealed record SnapshotOfferRequest([property: Id(0)] string SnapshotId, [property: Id(1)] string ToAccountId, [property: Id(2)] TimeSpan Validity);
