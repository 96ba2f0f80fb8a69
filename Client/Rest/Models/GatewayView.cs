namespace Tidegate.Client.Rest.Models;

/// <summary>A gateway as the service knows it: <c>GET /v1/gateways/{id}</c>.</summary>
/// <param name="GatewayId">The gateway.</param>
/// <param name="AccountId">Its owner.</param>
/// <param name="Name">Its name within the account.</param>
/// <param name="TimeZone">IANA time zone of its schedules.</param>
/// <param name="Metadata">What the agent said of its machine at activation.</param>
/// <param name="IsConnected">Whether the agent holds a link now.</param>
/// <param name="LastSeenAt">Service time of the last sign of life; null before the first.</param>
/// <param name="ConfigurationVersion">Version of the desired configuration.</param>
/// <param name="AppliedConfigurationVersion">Version the agent last said it had applied.</param>
/// <param name="Volumes">Its volumes as the agent last reported them.</param>
/// <param name="CreatedAt">Service time of its activation.</param>
/// <param name="CertificateExpiresAt">When its newest certificate ends; null before the first.</param>
/// <param name="Live">The agent's own answer; present with <c>?live=true</c> alone.</param>
public sealed record GatewayView(
    string GatewayId,
    string AccountId,
    string Name,
    string TimeZone,
    GatewayMetadataView Metadata,
    bool IsConnected,
    DateTimeOffset? LastSeenAt,
    long ConfigurationVersion,
    long AppliedConfigurationVersion,
    IReadOnlyList<VolumeStatusView> Volumes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? CertificateExpiresAt,
    GatewayLiveView? Live = null)
{
    /// <summary>How fast it may use its uplink; absent from a service that knows no limits.</summary>
    public BandwidthView? Bandwidth { get; init; }

    /// <summary>Alarms of its volumes that are raised.</summary>
    public IReadOnlyList<AlarmView> Alarms { get; init; } = [];
}
