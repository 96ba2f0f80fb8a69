namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>What an agent says of its machine when it asks for activation; shown to the customer before confirming.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.gateway-metadata")]
public sealed record GatewayMetadata(
    [property: Id(0)] string HostName,
    [property: Id(1)] string OperatingSystem,
    [property: Id(2)] string Hardware,
    [property: Id(3)] string AgentVersion,
    [property: Id(4)] IReadOnlyList<string> Addresses);
