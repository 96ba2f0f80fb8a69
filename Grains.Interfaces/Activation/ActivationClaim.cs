namespace Tidegate.Grains.Interfaces.Activation;

/// <summary>What a claim bound together; the customer information of step 8.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.activation-claim")]
public sealed record ActivationClaim(
    [property: Id(0)] string AccountId,
    [property: Id(1)] string GatewayId,
    [property: Id(2)] string Name,
    [property: Id(3)] string TimeZone);
