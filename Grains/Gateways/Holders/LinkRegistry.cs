using Microsoft.Extensions.Logging;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways.Holders;

/// <summary>This silo's registry: a grain service over the sockets that the guarded port reports.</summary>
internal sealed class LinkRegistry(GrainId id, Silo silo, ILoggerFactory loggers, ILinkSockets sockets)
    : GrainService(id, silo, loggers), ILinkRegistry
{
    /// <inheritdoc />
    public Task<LinkHolding?> Find(string gatewayId, string clientId, SiloAddress servedBy)
    {
        var held = sockets.Find(gatewayId, clientId);
        if (held is not null) sockets.NoteServedBy(clientId, servedBy);
        return Task.FromResult(held);
    }

    /// <inheritdoc />
    public async Task<DeliverReply?> Deliver(string gatewayId, string clientId, IGatewayObserver observer, GatewayRequest request)
    {
        if (sockets.Find(gatewayId, clientId) is null) return null;
        try
        {
            return await observer.Deliver(request);
        }
        catch (Exception gone) when (gone is OrleansException or ObjectDisposedException)
        {
            // The client left between the look and the call: the socket is not here any more.
            return null;
        }
    }

    /// <inheritdoc />
    public Task CloseSuperseded(string clientId, long generation)
    {
        sockets.CloseSuperseded(clientId, generation);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task<LinkOffer?> Offer() => Task.FromResult(sockets.Offer());
}
