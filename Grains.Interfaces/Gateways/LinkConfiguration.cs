namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>The desired configuration, sent on opening and on every change; the agent reconciles towards it.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.link-configuration")]
public sealed record LinkConfiguration([property: Id(0)] GatewayConfiguration Configuration) : LinkFrame;
