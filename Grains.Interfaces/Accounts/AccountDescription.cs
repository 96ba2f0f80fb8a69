namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>An account.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.account-description")]
public sealed record AccountDescription(
    [property: Id(0)] string AccountId,
    [property: Id(1)] string Name,
    [property: Id(2)] DateTimeOffset CreatedAt);
