namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Tells the agent how its owner ends a divergence; its result is a <see cref="DivergenceResolved"/>. Idempotent.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.request-resolve-divergence")]
public sealed record ResolveDivergenceRequest : GatewayRequest
{
    /// <summary>The volume.</summary>
    [Id(0)] public required string VolumeId { get; init; }

    /// <summary>Which copy goes on.</summary>
    [Id(1)] public required DivergenceChoice Keep { get; init; }

    /// <summary>Where the volume stands.</summary>
    [Id(2)] public required VolumeTip Tip { get; init; }

    /// <summary>Snapshot of that tip, which the volume is fetched from when the service's copy goes on; empty when that is how the volume began.</summary>
    [Id(3)] public string SnapshotId { get; init; } = "";
}
