namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A reader's hold on a snapshot (<c>docs/formats/reclaim.md</c>, Leases).</summary>
/// <param name="LeaseId">The lease, chosen by the reader.</param>
/// <param name="ExpiresAt">Service's clock; take it again before, and what is read stays readable whatever becomes of the snapshot.</param>
[GenerateSerializer, Immutable, Alias("tidegate.snapshot-lease")]
public sealed record SnapshotLease([property: Id(0)] string LeaseId, [property: Id(1)] DateTimeOffset ExpiresAt);
