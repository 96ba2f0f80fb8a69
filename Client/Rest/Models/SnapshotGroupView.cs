using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Client.Rest.Models;

/// <summary>Snapshots of several volumes of one gateway at one point (M2.8): <c>GET /v1/snapshot-groups/{id}</c>.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="AccountId">Its owner.</param>
/// <param name="GatewayId">The gateway of its volumes.</param>
/// <param name="Description">The customer's words.</param>
/// <param name="State">How far it is: all of its snapshots complete, or none does.</param>
/// <param name="Progress">0 to 1: the least of its snapshots'.</param>
/// <param name="RequestedAt">Service time of the request.</param>
/// <param name="TakenAt">Service time at which the common point was known to be durable at the gateway; null before.</param>
/// <param name="Reason">Why it waits or failed; empty otherwise.</param>
/// <param name="Snapshots">Its snapshots, without those that were deleted since.</param>
public sealed record SnapshotGroupView(
    string GroupId,
    string AccountId,
    string GatewayId,
    string Description,
    SnapshotGroupState State,
    double Progress,
    DateTimeOffset RequestedAt,
    DateTimeOffset? TakenAt,
    string Reason,
    IReadOnlyList<SnapshotView> Snapshots);
