using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>What a new API key may do, and for how long.</summary>
/// <param name="Label">For people; at most 128 characters.</param>
/// <param name="Role"><see cref="Role.Operator"/>, or a role of an account (<see cref="Roles.IsOfAccount"/>).</param>
/// <param name="Lifetime">Until it ends; null for no end of its own.</param>
/// <param name="VolumeIds">At most 16 volumes that the key is bound to; empty for the whole account.</param>
[GenerateSerializer, Immutable, Alias("tidegate.api-key-terms")]
public sealed record ApiKeyTerms(
    [property: Id(0)] string Label,
    [property: Id(1)] Role Role,
    [property: Id(2)] TimeSpan? Lifetime,
    [property: Id(3)] string[] VolumeIds);
