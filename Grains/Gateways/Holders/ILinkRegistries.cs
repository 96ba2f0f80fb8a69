using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways.Holders;

/// <summary>All silos' link registries, as seen from this silo.</summary>
public interface ILinkRegistries
{
    /// <summary>Asks one silo whether it owns the client's connection; null when it does not, or cannot be asked.</summary>
    Task<LinkHolding?> FindAsync(SiloAddress silo, string gatewayId, string clientId);

    /// <summary>Asks every active silo, within a second; null when none of those that answer owns it (M1.4).</summary>
    Task<LinkHolding?> FindAnywhereAsync(string gatewayId, string clientId);

    /// <summary>
    /// Has one silo deliver a request; null when it does not own the connection or cannot be reached. Throws <see cref="TimeoutException"/>
    /// when the agent does not answer in time: whether it has the request is then not known.
    /// </summary>
    Task<DeliverReply?> DeliverAsync(SiloAddress silo, string gatewayId, string clientId, IGatewayObserver observer, GatewayRequest request);

    /// <summary>Has the holder close a connection that has lost to a newer one. Never fails: a silo that cannot be asked has lost it anyway.</summary>
    Task CloseSupersededAsync(LinkHolding holding);

    /// <summary>What each active silo that takes links and answers within a second offers.</summary>
    Task<IReadOnlyList<LinkOffer>> OffersAsync();
}
