namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A snapshot (M2.8).</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="AccountId">Owner.</param>
/// <param name="VolumeId">Volume it was taken of.</param>
/// <param name="Description">The customer's words.</param>
/// <param name="State">Where its data is.</param>
/// <param name="Progress">0 to 1: share of the data before its barrier that the service has committed.</param>
/// <param name="RequestedAt">Service time of the request.</param>
/// <param name="PointAt">Service time of the commit that completed its point; null before.</param>
/// <param name="SizeBytes">Size of the volume at its point.</param>
/// <param name="Sequence">Sequence of the last segment it holds; 0 before completion.</param>
/// <param name="FailureReason">Why it failed; empty otherwise.</param>
[GenerateSerializer, Immutable, Alias("tidegate.snapshot-description")]
public sealed record SnapshotDescription(
    [property: Id(0)] string SnapshotId,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string VolumeId,
    [property: Id(3)] string Description,
    [property: Id(4)] SnapshotState State,
    [property: Id(5)] double Progress,
    [property: Id(6)] DateTimeOffset RequestedAt,
    [property: Id(7)] DateTimeOffset? PointAt,
    [property: Id(8)] long SizeBytes,
    [property: Id(9)] long Sequence,
    [property: Id(10)] string FailureReason)
{
    /// <summary>The group that it was taken in; empty for none.</summary>
    [Id(11)] public string GroupId { get; init; } = "";

    /// <summary>Whether applications were frozen at its point.</summary>
    [Id(12)] public SnapshotConsistency Consistency { get; init; }

    /// <summary>What went wrong with the gateway's freeze or thaw commands; empty when nothing did or there are none.</summary>
    [Id(13)] public string HookFailure { get; init; } = "";

    /// <summary>
    /// True when the volume left shadowing after the snapshot had been answered and before the service held its point: the point is then the end of the
    /// catch-up (M2.6), and writes that were issued after the answer may be in it.
    /// </summary>
    [Id(14)] public bool IsPointMoved { get; init; }
}
