using Tidegate.Grains.Aggregates;

namespace Tidegate.Grains.Accounts;

/// <summary>Saved state of an account.</summary>
[GenerateSerializer, Alias("tidegate.state.account")]
internal sealed record AccountState : AggregateState
{
    /// <summary>Name; empty while the account does not exist.</summary>
    [Id(0)] public string Name { get; init; } = "";

    /// <summary>Service time of creation.</summary>
    [Id(1)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the last rotation ended.</summary>
    [Id(3)] public DateTimeOffset? KeyRotatedAt { get; init; }

    /// <summary>The last rotation of the account's key, under way or done; null when there was none.</summary>
    [Id(4)] public KeyRotation? Rotation { get; init; }
}
