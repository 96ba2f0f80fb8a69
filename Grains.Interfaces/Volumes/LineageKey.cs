namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>The data key of one lineage and generation; kept in memory alone.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.lineage-key")]
public sealed record LineageKey(
    [property: Id(0)] string AccountId,
    [property: Id(1)] string VolumeId,
    [property: Id(2)] int Generation,
    [property: Id(3)] byte[] DataKey);
