namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>Snapshots of several volumes of one gateway, at one point (M2.8).</summary>
/// <param name="GroupId">The group.</param>
/// <param name="AccountId">Owner.</param>
/// <param name="GatewayId">The gateway of its volumes.</param>
/// <param name="Description">The customer's words.</param>
/// <param name="State">How far it is: all of its snapshots complete, or none does.</param>
/// <param name="Progress">0 to 1: the least of its snapshots'.</param>
/// <param name="RequestedAt">Service time of the request.</param>
/// <param name="TakenAt">Service time at which the gateway had said that the common point is durable; null before.</param>
/// <param name="Reason">Why it waits or failed; empty otherwise.</param>
/// <param name="Snapshots">Its snapshots, without those that were deleted since.</param>
[GenerateSerializer, Immutable, Alias("tidegate.snapshot-group-description")]
public sealed record SnapshotGroupDescription(
    [property: Id(0)] string GroupId,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string GatewayId,
    [property: Id(3)] string Description,
    [property: Id(4)] SnapshotGroupState State,
    [property: Id(5)] double Progress,
    [property: Id(6)] DateTimeOffset RequestedAt,
    [property: Id(7)] DateTimeOffset? TakenAt,
    [property: Id(8)] string Reason,
    [property: Id(9)] IReadOnlyList<SnapshotDescription> Snapshots);
