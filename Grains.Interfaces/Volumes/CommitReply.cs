namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>The head after a commit. The agent trims its log by <see cref="CommittedLogEnd"/> and by nothing else.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.commit-reply")]
public sealed record CommitReply(
    [property: Id(0)] long CommittedSequence,
    [property: Id(1)] long CommittedLogEnd,
    [property: Id(2)] byte[] TipDigest,
    [property: Id(3)] DateTimeOffset CommittedAt);
