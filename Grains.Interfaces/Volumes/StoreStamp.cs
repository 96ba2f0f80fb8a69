namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>What a local store looks like from outside: enough to tell that somebody wrote to it while its agent was stopped.</summary>
/// <param name="SizeBytes">Its size.</param>
/// <param name="ModifiedAt">When it was last written, by the host's clock and file system.</param>
[GenerateSerializer, Immutable, Alias("tidegate.store-stamp")]
public sealed record StoreStamp([property: Id(0)] long SizeBytes, [property: Id(1)] DateTimeOffset ModifiedAt);
