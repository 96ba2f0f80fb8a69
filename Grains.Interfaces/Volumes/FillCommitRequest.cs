namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A contiguous run of uploaded fills, oldest first; as many at most as a commit has segments.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.fill-commit-request")]
public sealed record FillCommitRequest(
    [property: Id(0)] long Epoch,
    [property: Id(1)] IReadOnlyList<FillCommit> Fills);
