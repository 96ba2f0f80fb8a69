using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Interfaces.Activation;

/// <summary>What the customer sees before confirming.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.activation-preview")]
public sealed record ActivationPreview(
    [property: Id(0)] GatewayMetadata Metadata,
    [property: Id(1)] string KeyFingerprint,
    [property: Id(2)] DateTimeOffset ExpiresAt);
