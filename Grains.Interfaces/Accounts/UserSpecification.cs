using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>What a user is to be.</summary>
/// <param name="Name">1 to 64 of letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, <c>@</c>, <c>+</c>; unique in the service whatever its case.</param>
/// <param name="AccountId">Account; empty for operators.</param>
/// <param name="Role">Operator, tenant or reader.</param>
[GenerateSerializer, Immutable, Alias("tidegate.user-specification")]
public sealed record UserSpecification(
    [property: Id(0)] string Name,
    [property: Id(1)] string AccountId,
    [property: Id(2)] Role Role);
