using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>Saved state of an API key. The secret has 256 random bits, so one SHA-256 of it is hash enough.</summary>
[GenerateSerializer, Alias("tidegate.state.api-key")]
internal sealed record ApiKeyState : AggregateState
{
    /// <summary>Account; empty for the operator's keys.</summary>
    [Id(0)] public string AccountId { get; init; } = "";

    /// <summary>The customer's words.</summary>
    [Id(1)] public string Label { get; init; } = "";

    /// <summary>What the key may do; none while the key does not exist.</summary>
    [Id(2)] public Role Role { get; init; }

    /// <summary>SHA-256 of the secret.</summary>
    [Id(3)] public byte[] SecretHash { get; init; } = [];

    /// <summary>Service time of creation.</summary>
    [Id(4)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it stops being accepted; null for never.</summary>
    [Id(5)] public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Volumes that it is bound to, their ids with a comma between; empty for the whole account.</summary>
    [Id(7)] public string Volumes { get; init; } = "";

    /// <summary>When it was revoked.</summary>
    [Id(6)] public DateTimeOffset? RevokedAt { get; init; }
}
