namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Asks the agent for <see cref="GatewayLiveDescription"/>.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.request-describe")]
public sealed record DescribeRequest : GatewayRequest;
