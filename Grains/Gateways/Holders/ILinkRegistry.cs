using Orleans.Services;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways.Holders;

/// <summary>
/// The link registry of one silo, for gateways' grains and discovery on every silo (M1.4). Each answers for its own sockets and for
/// nothing else. Its calls interleave: one that waits for an agent holds up no other.
/// </summary>
[GrainInterfaceType("tidegate.link-registry"), Alias("tidegate.link-registry")]
internal interface ILinkRegistry : IGrainService
{
    /// <summary>Whether this silo owns the client's connection. <paramref name="servedBy"/> is the silo that asks, where the link is served.</summary>
    [ResponseTimeout("00:00:00.800"), Alias("find")]
    Task<LinkHolding?> Find(string gatewayId, string clientId, SiloAddress servedBy);

    /// <summary>Delivers a request over the client's connection; null, and nothing delivered, when this silo does not own it.</summary>
    [ResponseTimeout("00:00:03"), Alias("deliver")]
    Task<DeliverReply?> Deliver(string gatewayId, string clientId, IGatewayObserver observer, GatewayRequest request);

    /// <summary>Closes a connection that has lost to a newer one.</summary>
    [Alias("close-superseded")]
    Task CloseSuperseded(string clientId, long generation);

    /// <summary>What discovery says of this silo; null while it takes no links.</summary>
    [ResponseTimeout("00:00:00.800"), Alias("offer")]
    Task<LinkOffer?> Offer();
}
