using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Activation;

/// <summary>Saved state of an activation session; the key itself is nowhere in it (M4.1).</summary>
[GenerateSerializer, Alias("tidegate.state.activation")]
internal sealed record ActivationState : AggregateState
{
    /// <summary>The agent's public key, SubjectPublicKeyInfo; empty while the session does not exist.</summary>
    [Id(0)] public byte[] PublicKey { get; init; } = [];

    /// <summary>What the agent said of its machine.</summary>
    [Id(1)] public GatewayMetadata Metadata { get; init; } = new("", "", "", "", []);

    /// <summary>Service time of the beginning.</summary>
    [Id(2)] public DateTimeOffset BegunAt { get; init; }

    /// <summary>End of the session.</summary>
    [Id(3)] public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>
    /// The claim: while <see cref="ClaimedAt"/> is null, an intention saved before its name is reserved, so that a crash
    /// between the two leaves no name behind.
    /// </summary>
    [Id(4)] public ActivationClaim? Claim { get; init; }

    /// <summary>When the claim won.</summary>
    [Id(5)] public DateTimeOffset? ClaimedAt { get; init; }

    /// <summary>True when the gateway's grain has taken the claim.</summary>
    [Id(6)] public bool IsProvisioned { get; init; }

    /// <summary>The certificate issued for <see cref="PublicKey"/>; a repeated request gets it again.</summary>
    [Id(7)] public IssuedCertificate? Certificate { get; init; }
}
