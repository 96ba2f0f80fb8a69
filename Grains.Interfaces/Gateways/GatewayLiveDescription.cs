namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>What an agent says of itself when asked (M1.10 describe).</summary>
[GenerateSerializer, Immutable, Alias("tidegate.gateway-live")]
public sealed record GatewayLiveDescription(
    [property: Id(0)] string AgentVersion,
    [property: Id(1)] string InstanceId,
    [property: Id(2)] DateTimeOffset StartedAt,
    [property: Id(3)] string HostName,
    [property: Id(4)] string OperatingSystem,
    [property: Id(5)] long AppliedConfigurationVersion,
    [property: Id(6)] IReadOnlyList<VolumeStatus> Volumes) : RequestResult;
