using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The real way to the silos' link registries, parts of which can be cut.</summary>
internal sealed class SeverableRegistries(LinkRegistries real) : ILinkRegistries
{
    /// <summary>Nobody can be found by asking all.</summary>
    public bool NoBroadcast { get; set; }

    /// <summary>Broadcasts asked for, cut or not.</summary>
    public int Broadcasts { get; private set; }

    /// <summary>Discovery offers no silo but this one.</summary>
    public System.Net.IPEndPoint? OnlyOffer { get; set; }

    /// <summary>Offered besides, and by its few connections first.</summary>
    public System.Net.IPEndPoint? OfferFirst { get; set; }

    public Task<LinkHolding?> FindAsync(SiloAddress silo, string gatewayId, string clientId) => real.FindAsync(silo, gatewayId, clientId);

    public Task<LinkHolding?> FindAnywhereAsync(string gatewayId, string clientId)
    {
        Broadcasts++;
        return NoBroadcast ? Task.FromResult<LinkHolding?>(null) : real.FindAnywhereAsync(gatewayId, clientId);
    }

    public Task<DeliverReply?> DeliverAsync(SiloAddress silo, string gatewayId, string clientId, IGatewayObserver observer, GatewayRequest request) =>
        real.DeliverAsync(silo, gatewayId, clientId, observer, request);

    public Task CloseSupersededAsync(LinkHolding holding) => real.CloseSupersededAsync(holding);

    public async Task<IReadOnlyList<LinkOffer>> OffersAsync()
    {
        var offers = (await real.OffersAsync()).Where(offer => OnlyOffer is not { } only || offer.Advertised == only.ToString());
        return OfferFirst is { } first ? [.. offers, new LinkOffer(first.ToString(), first.ToString(), "127.0.0.1", "", -1)] : [.. offers];
    }
}
