using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Asks the agent for barriers of several volumes at one point; its result is <see cref="GroupBarriers"/> (M2.8).</summary>
[GenerateSerializer, Immutable, Alias("tidegate.request-group-snapshot")]
public sealed record GroupSnapshotRequest : GatewayRequest
{
    /// <summary>Most volumes of one group.</summary>
    public const int MaxMembers = 16;

    /// <summary>The group.</summary>
    [Id(0)] public required string GroupId { get; init; }

    /// <summary>Its volumes, each once, with the snapshots that the barriers belong to.</summary>
    [Id(1)] public required GroupMember[] Members { get; init; }
}
