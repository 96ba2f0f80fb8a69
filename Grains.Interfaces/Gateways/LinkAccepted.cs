namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>First frame of a link: the agent is the holder's client as of this generation.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.link-accepted")]
public sealed record LinkAccepted([property: Id(0)] long Generation, [property: Id(1)] string HolderSilo) : LinkFrame;
