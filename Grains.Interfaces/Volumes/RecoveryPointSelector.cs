namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>Names one recovery point of a volume, by time or by sequence: exactly one of the two.</summary>
/// <param name="At">The newest point at or before this time, by the service's clock at its commit.</param>
/// <param name="Sequence">The point after the commit of this segment, from 1.</param>
[GenerateSerializer, Immutable, Alias("tidegate.recovery-point-selector")]
public sealed record RecoveryPointSelector([property: Id(0)] DateTimeOffset? At, [property: Id(1)] long? Sequence);
