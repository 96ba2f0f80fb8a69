namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>What activation binds to a gateway.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.gateway-provision")]
public sealed record GatewayProvision(
    [property: Id(0)] string AccountId,
    [property: Id(1)] string Name,
    [property: Id(2)] string TimeZone,
    [property: Id(3)] GatewayMetadata Metadata,
    [property: Id(4)] string KeyFingerprint);
