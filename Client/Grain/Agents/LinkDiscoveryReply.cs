using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Grain.Agents;

/// <summary>Where to open the link and the token for it (<c>docs/protocols/link.md</c>, discovery).</summary>
/// <param name="ClusterId">Orleans' cluster id; goes into the preamble.</param>
/// <param name="ServiceId">Orleans' service id.</param>
/// <param name="Endpoints">Silos offered, best first; never empty.</param>
/// <param name="Token">Proves the caller in every call; bound to certificate and client id.</param>
/// <param name="TokenExpiresAt">By then it must have been renewed by another discovery with the same client id.</param>
public sealed record LinkDiscoveryReply(
    string ClusterId, string ServiceId, IReadOnlyList<LinkEndpoint> Endpoints, Secret Token, DateTimeOffset TokenExpiresAt);
