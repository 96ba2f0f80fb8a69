namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>What an agent declares to be the whole of its staging branch.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Branch">The branch (<see cref="StagingStanding.Branch"/>).</param>
/// <param name="Fills">Number of the last fill.</param>
/// <param name="FillDigest">That fill's digest.</param>
/// <param name="Mark">Name of the barrier that the log got after the last copy was read; the segment that ends with it must be committed to the branch.</param>
[GenerateSerializer, Immutable, Alias("tidegate.staging-publish-request")]
public sealed record StagingPublishRequest(
    [property: Id(0)] long Epoch,
    [property: Id(1)] long Branch,
    [property: Id(2)] long Fills,
    [property: Id(3)] byte[] FillDigest,
    [property: Id(4)] string Mark);
