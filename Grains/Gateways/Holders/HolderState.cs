using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways.Holders;

/// <summary>Who holds the gateway's connection, as far as its grain knows: in memory, lost with the activation and then found by broadcast.</summary>
/// <param name="Current">The newest connection that is registered; null when none is known.</param>
/// <param name="LastGeneration">The greatest generation seen; none at or below it is issued again.</param>
internal sealed record HolderState(LinkHolding? Current, long LastGeneration)
{
    /// <summary>What a fresh activation knows.</summary>
    public static readonly HolderState Unknown = new(null, 0);
}
