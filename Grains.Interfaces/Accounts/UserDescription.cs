using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>A user, without anything secret.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.user-description")]
public sealed record UserDescription(
    [property: Id(0)] string UserId,
    [property: Id(1)] string Name,
    [property: Id(2)] string AccountId,
    [property: Id(3)] Role Role,
    [property: Id(4)] DateTimeOffset CreatedAt);
