namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A commit that the volume can be restored, cloned and snapshotted at (<c>docs/formats/reclaim.md</c>, Recovery window).</summary>
/// <param name="Sequence">Last segment that it holds.</param>
/// <param name="CommittedAt">Service's clock at that commit.</param>
/// <param name="HostTime">Host's clock at its last record; for display.</param>
/// <param name="IsThinned">True for one before the window that thinning has kept.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-recovery-point")]
public sealed record VolumeRecoveryPoint(
    [property: Id(0)] long Sequence, [property: Id(1)] DateTimeOffset CommittedAt, [property: Id(2)] DateTimeOffset HostTime, [property: Id(3)] bool IsThinned);
