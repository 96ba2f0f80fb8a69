namespace Tidegate.GatewayAgent.Identity;

/// <summary>Content of <c>format.json</c>.</summary>
/// <param name="FormatVersion">Version of the state directory.</param>
/// <param name="AgentVersion">The agent that made or converted it.</param>
internal sealed record StateFormatNote(int FormatVersion, string AgentVersion);
