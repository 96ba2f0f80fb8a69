using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Interfaces.Tenants;

/// <summary>What a new volume is to be.</summary>
/// <param name="GatewayId">Gateway that serves it.</param>
/// <param name="Name">Unique within the account; 1-63 of letters, digits, <c>-</c>, <c>_</c>, <c>.</c>.</param>
/// <param name="SizeBytes">Multiple of 4096, 1 MiB to 16 TiB; 0 where it follows from what the volume is made from.</param>
[GenerateSerializer, Immutable, Alias("tidegate.new-volume")]
public sealed record NewVolume([property: Id(0)] string GatewayId, [property: Id(1)] string Name, [property: Id(2)] long SizeBytes = 0)
{
    /// <summary>Completed snapshot to begin as; empty for another beginning.</summary>
    [Id(3)] public string SourceSnapshotId { get; init; } = "";

    /// <summary>Recovery point to begin as; null for another beginning.</summary>
    [Id(4)] public SourcePoint? SourcePoint { get; init; }

    /// <summary>Raw image or block device on the gateway's machine that the volume is made of; empty for another beginning.</summary>
    [Id(5)] public string AdoptPath { get; init; } = "";
}
