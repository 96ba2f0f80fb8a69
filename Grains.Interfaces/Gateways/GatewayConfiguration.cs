namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Desired configuration of a gateway: state, reconciled on every connection (M1.8).</summary>
/// <param name="Version">Grows by one with every change.</param>
/// <param name="GatewayName">Name within the account.</param>
/// <param name="TimeZone">IANA time zone for schedules.</param>
/// <param name="Volumes">Every volume the agent must serve; at most 64.</param>
[GenerateSerializer, Immutable, Alias("tidegate.gateway-configuration")]
public sealed record GatewayConfiguration(
    [property: Id(0)] long Version,
    [property: Id(1)] string GatewayName,
    [property: Id(2)] string TimeZone,
    [property: Id(3)] IReadOnlyList<VolumeAttachment> Volumes)
{
    /// <summary>How fast it may use its uplink; null from a service that knows no limits.</summary>
    [Id(4)]
    public BandwidthLimits? Bandwidth { get; init; }
}
