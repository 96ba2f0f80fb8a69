using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>Saved state of a user.</summary>
[GenerateSerializer, Alias("tidegate.state.user")]
internal sealed record UserState : AggregateState
{
    /// <summary>Name as it was given; empty while the user does not exist.</summary>
    [Id(0)] public string Name { get; init; } = "";

    /// <summary>Account; empty for operators.</summary>
    [Id(1)] public string AccountId { get; init; } = "";

    /// <summary>What the user may do.</summary>
    [Id(2)] public Role Role { get; init; }

    /// <summary>The password; null for whom an identity provider vouches.</summary>
    [Id(3)] public PasswordHash? Password { get; init; }

    /// <summary>Service time of creation.</summary>
    [Id(4)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Sessions, oldest first; ended ones are dropped now and then.</summary>
    [Id(5)] public SavedSession[] Sessions { get; init; } = [];

    /// <summary>Issuer and subject of whom an identity provider vouches for, by a line feed; empty for local users.</summary>
    [Id(6)] public string External { get; init; } = "";
}
