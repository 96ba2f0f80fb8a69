namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Blocks are in the agent's log again, durable; they reach the service as any write does.</summary>
/// <param name="Blocks">How many.</param>
[GenerateSerializer, Immutable, Alias("tidegate.blocks-refreshed")]
public sealed record BlocksRefreshed([property: Id(0)] int Blocks) : RequestResult;
