namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A contiguous run of uploaded segments, oldest first; at most 32.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.commit-request")]
public sealed record CommitRequest(
    [property: Id(0)] long Epoch,
    [property: Id(1)] IReadOnlyList<SegmentCommit> Segments);
