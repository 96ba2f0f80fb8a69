namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>A management request pushed to an agent. Subtypes name the operation (M1.10).</summary>
[GenerateSerializer, Alias("tidegate.gateway-request")]
public abstract record GatewayRequest
{
    /// <summary>Makes a retried request idempotent (M1.9).</summary>
    [Id(0)] public required string RequestId { get; init; }
    /// <summary>The agent refuses a request that reaches it later than this after its sending.</summary>
    [Id(1)] public required TimeSpan ValidFor { get; init; }
}
