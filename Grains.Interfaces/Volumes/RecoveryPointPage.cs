namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A part of a volume's recovery points, and the window in which every commit is one.</summary>
/// <param name="WindowFrom">First point of the window; null while nothing is committed.</param>
/// <param name="WindowThrough">Its last, the newest commit; null as above.</param>
/// <param name="Points">Points, oldest first.</param>
/// <param name="NextSequence">Where to go on; null when these were the last.</param>
[GenerateSerializer, Immutable, Alias("tidegate.recovery-point-page")]
public sealed record RecoveryPointPage(
    [property: Id(0)] VolumeRecoveryPoint? WindowFrom,
    [property: Id(1)] VolumeRecoveryPoint? WindowThrough,
    [property: Id(2)] IReadOnlyList<VolumeRecoveryPoint> Points,
    [property: Id(3)] long? NextSequence);
