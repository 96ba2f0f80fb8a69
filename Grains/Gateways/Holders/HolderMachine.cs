using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways.Holders;

/// <summary>
/// Registration of the holder (M1.2, M1.4). Pure. Invariants: generations only grow, also across activations, because the
/// one that a link was opened over is saved with the opening and the clock covers those in between; the end of an older
/// connection says nothing about a newer one.
/// </summary>
internal static class HolderMachine
{
    /// <summary>Registers a connection as the newest. Null when its client id is another certificate's.</summary>
    public static (HolderState State, LinkHolding? Bound) Bind(
        HolderState state, SiloAddress silo, string thumbprint, string clientId, long savedGeneration, DateTimeOffset now)
    {
        if (state.Current is { } current && current.ClientId == clientId && current.Thumbprint != thumbprint) return (state, null);
        var next = Math.Max(Math.Max(state.LastGeneration, savedGeneration) + 1, now.UtcTicks);
        var bound = new LinkHolding(silo, thumbprint, clientId, next);
        return (new HolderState(bound, next), bound);
    }

    /// <summary>The connection of that generation has ended.</summary>
    public static HolderState Release(HolderState state, long generation) =>
        state.Current?.Generation == generation ? state with { Current = null } : state;

    /// <summary>A registry says that it owns a connection: the holder, unless a newer one is registered.</summary>
    public static HolderState Found(HolderState state, LinkHolding holding) =>
        state.Current is { } current && current.Generation > holding.Generation
            ? state
            : new HolderState(holding, Math.Max(state.LastGeneration, holding.Generation));
}
