namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A contiguous run of uploaded segments, oldest first; at most <see cref="MaxSegments"/>.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.commit-request")]
public sealed record CommitRequest(
    [property: Id(0)] long Epoch,
    [property: Id(1)] IReadOnlyList<SegmentCommit> Segments)
{
    /// <summary>Most segments of one commit.</summary>
    public const int MaxSegments = 32;
}
