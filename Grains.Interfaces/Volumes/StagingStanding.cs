namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>
/// The volume has a staging branch (<c>docs/formats/staging.md</c>): commits of the log go there, and until it is published the service has the image
/// from before. An agent that does not know the branch counts its whole store as dirty.
/// </summary>
/// <param name="Branch">Names the branch: the epoch that it began with.</param>
/// <param name="Fills">Number of its last committed fill; the next is this plus one.</param>
/// <param name="FillDigest">That fill's digest, which the next names as previous; empty for none.</param>
/// <param name="MainSequence">Sequence of the image from before. The volume's sequence is above it only when a branch was published.</param>
[GenerateSerializer, Immutable, Alias("tidegate.staging-standing")]
public sealed record StagingStanding(
    [property: Id(0)] long Branch,
    [property: Id(1)] long Fills,
    [property: Id(2)] byte[] FillDigest,
    [property: Id(3)] long MainSequence);
