namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>The agent's answer to a ping, with what the service shows of it.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.link-heartbeat")]
public sealed record LinkHeartbeat(
    [property: Id(0)] long Generation,
    [property: Id(1)] long PingNumber,
    [property: Id(2)] long AppliedConfigurationVersion,
    [property: Id(3)] IReadOnlyList<VolumeStatus> Volumes);
