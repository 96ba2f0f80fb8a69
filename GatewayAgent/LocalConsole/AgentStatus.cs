namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>
/// Everything the agent shows of itself: <c>/status</c>, the events, <c>tidegate-agent status</c> (<c>docs/protocols/local-console.md</c>).
/// </summary>
/// <param name="State">What it is doing.</param>
/// <param name="Reason">Why, for people; empty when nothing is wrong.</param>
/// <param name="AgentVersion">Semantic version.</param>
/// <param name="InstanceId">Random id of this process.</param>
/// <param name="StartedAt">When this process started.</param>
/// <param name="HostName">The machine's name.</param>
/// <param name="OperatingSystem">Its system.</param>
/// <param name="Service">The service's address.</param>
/// <param name="NbdUri">Base of the volumes' URIs; a volume's name is appended.</param>
/// <param name="Gateway">Whom it belongs to; null before activation.</param>
/// <param name="Activation">The key; null unless one is advertised.</param>
/// <param name="Link">The link; null without one.</param>
/// <param name="Volumes">Its volumes.</param>
internal sealed record AgentStatus(
    AgentState State,
    string Reason,
    string AgentVersion,
    string InstanceId,
    DateTimeOffset StartedAt,
    string HostName,
    string OperatingSystem,
    string Service,
    string NbdUri,
    GatewayStatus? Gateway,
    ActivationStatus? Activation,
    LinkStatus? Link,
    IReadOnlyList<NamedVolumeStatus> Volumes);
