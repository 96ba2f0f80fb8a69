using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways;

/// <summary>Saved state of a gateway. What heartbeats say is kept in memory alone.</summary>
[GenerateSerializer, Alias("tidegate.state.gateway")]
internal sealed record GatewayState : AggregateState
{
    /// <summary>Owner; empty while the gateway does not exist.</summary>
    [Id(0)] public string AccountId { get; init; } = "";

    /// <summary>Name within the account.</summary>
    [Id(1)] public string Name { get; init; } = "";

    /// <summary>IANA time zone.</summary>
    [Id(2)] public string TimeZone { get; init; } = "";

    /// <summary>What the agent said of its machine at activation.</summary>
    [Id(3)] public GatewayMetadata Metadata { get; init; } = new("", "", "", "", []);

    /// <summary>Fingerprint of the key pair that was activated.</summary>
    [Id(4)] public string KeyFingerprint { get; init; } = "";

    /// <summary>Service time of provisioning.</summary>
    [Id(5)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was deactivated; its credentials are revoked since.</summary>
    [Id(6)] public DateTimeOffset? DeactivatedAt { get; init; }

    /// <summary>Certificates issued and not known expired, newest last; at most <see cref="CertificateRules.MaxLive"/>.</summary>
    [Id(7)] public GatewayCertificate[] Certificates { get; init; } = [];

    /// <summary>Version of the desired configuration.</summary>
    [Id(8)] public long ConfigurationVersion { get; init; }

    /// <summary>Volumes the agent must serve; at most <see cref="GatewayMachine.MaxVolumes"/>.</summary>
    [Id(9)] public VolumeAttachment[] Volumes { get; init; } = [];

    /// <summary>Generation of the newest link; grows by one with every link and fences older ones.</summary>
    [Id(10)] public long Generation { get; init; }

    /// <summary>Agent process that opened the newest link.</summary>
    [Id(11)] public string InstanceId { get; init; } = "";

    /// <summary>True from the opening of a link until it is found lost.</summary>
    [Id(12)] public bool IsConnected { get; init; }

    /// <summary>When the newest link was opened or lost.</summary>
    [Id(13)] public DateTimeOffset? LastSeenAt { get; init; }

    /// <summary>Names that the gateway no longer has and still has to release; at most <see cref="GatewayMachine.MaxNamesToRelease"/>.</summary>
    [Id(14)] public string[] NamesToRelease { get; init; } = [];

    /// <summary>Generation of the connection that the newest link was opened over: none at or below it is issued again.</summary>
    [Id(15)] public long ConnectionGeneration { get; init; }

    /// <summary>Certificates that count no more and still have to be revoked at every silo; at most <see cref="GatewayMachine.MaxCertificatesToRevoke"/>.</summary>
    [Id(16)] public GatewayCertificate[] CertificatesToRevoke { get; init; } = [];

    /// <summary>How fast it may use its uplink; null for unlimited.</summary>
    [Id(17)] public BandwidthLimits? Bandwidth { get; init; }

    /// <summary>Alarms that are raised, one entry a volume.</summary>
    [Id(18)] public RaisedAlarms[] Alarms { get; init; } = [];

    /// <summary>While it is away: how old the recovery points of its volumes are, by the last report.</summary>
    [Id(19)] public LastPoint[] LastPoints { get; init; } = [];

    /// <summary>A certificate that was issued and that no link was opened with yet.</summary>
    [Id(20)] public RenewedCertificate? Renewal { get; init; }

    /// <summary>Thumbprints of the service's CAs that the agent has said it trusts; at most <see cref="CertificateRules.MaxAuthorities"/>.</summary>
    [Id(21)] public string[] TrustedAuthorities { get; init; } = [];
}
