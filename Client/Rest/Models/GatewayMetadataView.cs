namespace Tidegate.Client.Rest.Models;

/// <summary>What an agent says of its machine. Unverified: shown to people, decided on by nobody.</summary>
/// <param name="HostName">Host name.</param>
/// <param name="OperatingSystem">Distribution and kernel.</param>
/// <param name="Hardware">Processor, cores and memory.</param>
/// <param name="AgentVersion">Semantic version of the agent.</param>
/// <param name="Addresses">Addresses of its network interfaces.</param>
public sealed record GatewayMetadataView(
    string HostName,
    string OperatingSystem,
    string Hardware,
    string AgentVersion,
    IReadOnlyList<string> Addresses);
