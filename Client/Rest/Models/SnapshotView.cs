using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Client.Rest.Models;

/// <summary>A snapshot (M2.8): <c>GET /v1/snapshots/{id}</c>, and the items of <c>GET /v1/snapshots</c>.</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="AccountId">Its owner.</param>
/// <param name="VolumeId">Volume it was taken of.</param>
/// <param name="Description">The customer's words.</param>
/// <param name="State">Where its data is.</param>
/// <param name="Progress">0 to 1: share of the data before its barrier that the service has committed.</param>
/// <param name="RequestedAt">Service time of the request.</param>
/// <param name="PointAt">Service time of the commit that completed its point; null before.</param>
/// <param name="SizeBytes">Size of the volume at its point.</param>
/// <param name="FailureReason">Why it failed; empty otherwise.</param>
public sealed record SnapshotView(
    string SnapshotId,
    string AccountId,
    string VolumeId,
    string Description,
    SnapshotState State,
    double Progress,
    DateTimeOffset RequestedAt,
    DateTimeOffset? PointAt,
    long SizeBytes,
    string FailureReason)
{
    /// <summary>The group that it was taken in; empty for none.</summary>
    public string GroupId { get; init; } = "";

    /// <summary>Whether applications were frozen at its point.</summary>
    public SnapshotConsistency Consistency { get; init; }

    /// <summary>What went wrong with the gateway's freeze or thaw commands; empty when nothing did or there are none.</summary>
    public string HookFailure { get; init; } = "";

    /// <summary>
    /// True when the volume left shadowing after the snapshot had been answered and before the service held its point: the point is then the end of the
    /// catch-up, and writes that were issued after the answer may be in it.
    /// </summary>
    public bool IsPointMoved { get; init; }
}
