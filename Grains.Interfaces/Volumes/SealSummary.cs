namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>One seal record of a log: what the segment with that sequence holds.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.seal-summary")]
public sealed record SealSummary(
    [property: Id(0)] long Sequence,
    [property: Id(1)] long LogStart,
    [property: Id(2)] long LogEnd,
    [property: Id(3)] byte[] Digest);
