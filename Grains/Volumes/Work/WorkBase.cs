using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>A volume's saved head, encoded, the keys to read and write what it names, what of its past is kept, the relocation
/// tables of its origins, and whether it was deleted.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.work-base")]
internal sealed record WorkBase(
    [property: Id(0)] byte[] Head,
    [property: Id(1)] WrappedLineageKey[] Keys,
    [property: Id(2)] VolumeRetention Retention,
    [property: Id(3)] byte[] OriginRelocations,
    [property: Id(4)] bool IsDeleted)
{
    /// <summary>The highest version that a save has claimed.</summary>
    [Id(5)] public long ClaimedVersion { get; init; }

    /// <summary>When the head was last rebuilt; null when never.</summary>
    [Id(6)] public DateTimeOffset? RebuiltAt { get; init; }
}
