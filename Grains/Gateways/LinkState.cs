using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways;

/// <summary>An open link, in memory: lost with the activation, and then opened again by the agent.</summary>
/// <param name="Generation">Its generation.</param>
/// <param name="ClientId">Client whose connection it runs over.</param>
/// <param name="InstanceId">Agent process that opened it.</param>
/// <param name="AgentVersion">Version of that agent.</param>
/// <param name="PingNumber">Number of the newest ping; 0 before the first.</param>
/// <param name="IsAnswered">True when the newest ping has been answered.</param>
/// <param name="Interval">Time from the newest ping to the next.</param>
/// <param name="NextPingAt">When the next ping is due.</param>
/// <param name="HeardAt">When the agent was last heard.</param>
/// <param name="LeaseUntil">Until when this activation may take itself for the holder: its presence lease, as its shard last renewed it.</param>
/// <param name="AppliedConfigurationVersion">As the agent last said.</param>
/// <param name="Volumes">As the agent last said.</param>
internal sealed record LinkState(
    long Generation,
    string ClientId,
    string InstanceId,
    string AgentVersion,
    long PingNumber,
    bool IsAnswered,
    TimeSpan Interval,
    DateTimeOffset NextPingAt,
    DateTimeOffset HeardAt,
    DateTimeOffset LeaseUntil,
    long AppliedConfigurationVersion,
    IReadOnlyList<VolumeStatus> Volumes);
