namespace Tidegate.Client.Grain.Agents;

/// <summary>One silo's link port.</summary>
/// <param name="Advertised"><c>address:port</c> by which the cluster knows the gateway; only ever a name to the client.</param>
/// <param name="Dial"><c>host:port</c> to connect to; differs from the advertised one behind a load balancer.</param>
/// <param name="ServerName">The name that the silo's certificate must carry.</param>
/// <param name="AgentsUrl">Base URL of the silo's agents' listener, where a later discovery may ask as well; empty when it is not known.</param>
public sealed record LinkEndpoint(string Advertised, string Dial, string ServerName, string AgentsUrl = "");
