namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Asks for a heartbeat and says by when the agent must hear again, else it closes and reconnects (M1.6).</summary>
/// <param name="Number">Counts up from 1 in each generation; echoed by the heartbeat.</param>
/// <param name="NextWithin">Time until the agent must have received another frame.</param>
[GenerateSerializer, Immutable, Alias("tidegate.link-ping")]
public sealed record LinkPing([property: Id(0)] long Number, [property: Id(1)] TimeSpan NextWithin) : LinkFrame;
