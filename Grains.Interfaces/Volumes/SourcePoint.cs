namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>The recovery point that a new volume is to begin as.</summary>
/// <param name="VolumeId">The volume that it is a point of, of the same account.</param>
/// <param name="Point">Which.</param>
[GenerateSerializer, Immutable, Alias("tidegate.source-point")]
public sealed record SourcePoint([property: Id(0)] string VolumeId, [property: Id(1)] RecoveryPointSelector Point);
