namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>A gateway as the service knows it.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.gateway-description")]
public sealed record GatewayDescription(
    [property: Id(0)] string GatewayId,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string Name,
    [property: Id(3)] string TimeZone,
    [property: Id(4)] GatewayMetadata Metadata,
    [property: Id(5)] bool IsConnected,
    [property: Id(6)] DateTimeOffset? LastSeenAt,
    [property: Id(7)] long ConfigurationVersion,
    [property: Id(8)] long AppliedConfigurationVersion,
    [property: Id(9)] IReadOnlyList<VolumeStatus> Volumes,
    [property: Id(10)] DateTimeOffset CreatedAt,
    [property: Id(11)] DateTimeOffset? CertificateExpiresAt)
{
    /// <summary>How fast it may use its uplink.</summary>
    [Id(12)]
    public BandwidthLimits Bandwidth { get; init; } = BandwidthLimits.Unlimited;

    /// <summary>Alarms of its volumes that are raised.</summary>
    [Id(13)]
    public IReadOnlyList<RaisedAlarms> Alarms { get; init; } = [];
}
