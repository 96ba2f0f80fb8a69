namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>One of a user's sessions.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.session-summary")]
public sealed record SessionSummary(
    [property: Id(0)] string SessionId,
    [property: Id(1)] SessionOrigin Origin,
    [property: Id(2)] DateTimeOffset BegunAt,
    [property: Id(3)] DateTimeOffset LastUsedAt);
