namespace Tidegate.Client.Rest.Models;

/// <summary>What the agent answered over its own connection when it was asked just now (M1.10 describe).</summary>
/// <param name="AgentVersion">Semantic version of the agent.</param>
/// <param name="InstanceId">Random id of the agent's process.</param>
/// <param name="StartedAt">When that process started, by the agent's clock.</param>
/// <param name="HostName">Host name.</param>
/// <param name="OperatingSystem">Distribution and kernel.</param>
/// <param name="AppliedConfigurationVersion">Version of the desired configuration that it has applied.</param>
/// <param name="Volumes">Its volumes now.</param>
public sealed record GatewayLiveView(
    string AgentVersion,
    string InstanceId,
    DateTimeOffset StartedAt,
    string HostName,
    string OperatingSystem,
    long AppliedConfigurationVersion,
    IReadOnlyList<VolumeStatusView> Volumes);
