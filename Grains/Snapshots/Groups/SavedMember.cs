using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Snapshots.Groups;

/// <summary>One volume of a group.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.state.snapshot-group-member")]
internal sealed record SavedMember
{
    /// <summary>The volume.</summary>
    [Id(0)] public string VolumeId { get; init; } = "";

    /// <summary>Its snapshot.</summary>
    [Id(1)] public string SnapshotId { get; init; } = "";

    /// <summary>Its barrier; null before the common point.</summary>
    [Id(2)] public SnapshotBarrier? Barrier { get; init; }

    /// <summary>True when the service holds all of it.</summary>
    [Id(3)] public bool IsHeld { get; init; }

    /// <summary>True when the volume knows what its snapshot is to do next: the barrier, or the group's end.</summary>
    [Id(4)] public bool IsTold { get; init; }
}
