namespace Tidegate.Client.Grain.Agents;

/// <summary>Body of <c>POST /agent/v1/link/discovery</c> (<c>docs/protocols/link.md</c>, discovery). The certificate of the TLS connection says who asks.</summary>
/// <param name="ClientId">The Orleans client id that will open the link: the token is bound to it. See <see cref="LinkClientId"/>.</param>
/// <param name="WireVersion">Version of the link's wire layout; see <see cref="LinkWire.Version"/>.</param>
/// <param name="AgentVersion">Semantic version of the agent.</param>
public sealed record LinkDiscoveryRequest(string ClientId, int WireVersion, string AgentVersion);
