namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Asks the agent to append and sync a snapshot barrier; its result is a <see cref="SnapshotBarrier"/> (M2.8).</summary>
[GenerateSerializer, Immutable, Alias("tidegate.request-snapshot")]
public sealed record SnapshotRequest : GatewayRequest
{
    /// <summary>The volume.</summary>
    [Id(0)] public required string VolumeId { get; init; }
    /// <summary>The snapshot that the barrier belongs to.</summary>
    [Id(1)] public required string SnapshotId { get; init; }
}
