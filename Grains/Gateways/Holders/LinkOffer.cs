namespace Tidegate.Grains.Gateways.Holders;

/// <summary>One silo as discovery offers it (<c>docs/protocols/link.md</c>, discovery).</summary>
/// <param name="Advertised"><c>address:port</c> by which the cluster knows its gateway port.</param>
/// <param name="Dial"><c>host:port</c> that agents connect to.</param>
/// <param name="ServerName">The name in its certificate.</param>
/// <param name="AgentsUrl">Base URL of its agents' listener; empty while it is not known.</param>
/// <param name="Connections">Connections that it holds.</param>
[GenerateSerializer, Immutable, Alias("tidegate.link-offer")]
public sealed record LinkOffer(
    [property: Id(0)] string Advertised,
    [property: Id(1)] string Dial,
    [property: Id(2)] string ServerName,
    [property: Id(3)] string AgentsUrl,
    [property: Id(4)] int Connections);
