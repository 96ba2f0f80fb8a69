namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Last frame of a link that lost to a newer one; the agent must not reconnect by itself when the instance differs.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.link-superseded")]
public sealed record LinkSuperseded([property: Id(0)] string Reason, [property: Id(1)] bool SameInstance) : LinkFrame;
