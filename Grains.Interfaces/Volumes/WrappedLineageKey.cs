namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A lineage's data key, wrapped by the account key: what a volume's keyring stores.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.wrapped-lineage-key")]
public sealed record WrappedLineageKey(
    [property: Id(0)] string AccountId,
    [property: Id(1)] string VolumeId,
    [property: Id(2)] int Generation,
    [property: Id(3)] byte[] WrappedKey);
