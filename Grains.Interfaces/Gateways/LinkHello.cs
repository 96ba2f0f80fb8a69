namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>What an agent says when it opens its link.</summary>
/// <param name="ClientId">The Orleans client id of the connection; must match the token's.</param>
/// <param name="AgentVersion">Semantic version of the agent.</param>
/// <param name="InstanceId">Random id of this agent process: tells a reconnect from a copied certificate (M1.7).</param>
/// <param name="AppliedConfigurationVersion">Version of the desired configuration last applied; 0 for none.</param>
[GenerateSerializer, Immutable, Alias("tidegate.link-hello")]
public sealed record LinkHello(
    [property: Id(0)] string ClientId,
    [property: Id(1)] string AgentVersion,
    [property: Id(2)] string InstanceId,
    [property: Id(3)] long AppliedConfigurationVersion);
