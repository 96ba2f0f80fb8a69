namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>The recovery point that a volume began as.</summary>
/// <param name="VolumeId">The volume that it was a point of.</param>
/// <param name="Sequence">Last segment that it held.</param>
/// <param name="CommittedAt">Service's clock at that commit; null when it is not known any more.</param>
[GenerateSerializer, Immutable, Alias("tidegate.restored-point")]
public sealed record RestoredPoint([property: Id(0)] string VolumeId, [property: Id(1)] long Sequence, [property: Id(2)] DateTimeOffset? CommittedAt);
