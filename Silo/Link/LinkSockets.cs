using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Hosting;

namespace Tidegate.Silo.Link;

/// <summary>This silo's part of the link registry: what its guarded port holds, and how it is reached.</summary>
internal sealed class LinkSockets(
    LinkConnections connections, LinkSettings settings, ServiceAddresses addresses, IHostApplicationLifetime host, TimeProvider time) : ILinkSockets
{
    /// <summary>Time for the agent to read that it lost before its connection is closed.</summary>
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(2);

    public LinkHolding? Find(string gatewayId, string clientId) =>
        connections.Find(clientId) is { } held && held.Identity.GatewayId == gatewayId ? held.Holding : null;

    public void NoteServedBy(string clientId, SiloAddress silo)
    {
        if (connections.Find(clientId) is { } held) held.ServedBy = silo;
    }

    public void CloseSuperseded(string clientId, long generation)
    {
        if (connections.Find(clientId) is { } held && held.Holding!.Generation == generation) _ = CloseLaterAsync(held);
    }

    public LinkOffer? Offer() =>
        host.ApplicationStarted.IsCancellationRequested && !host.ApplicationStopping.IsCancellationRequested
        && connections is { IsClosed: false, Count: < LinkLimits.Connections }
            ? new LinkOffer(settings.Advertised.ToString(), settings.EffectiveDial, settings.EffectiveServerName, addresses.AgentsUrl ?? "", connections.Count)
            : null;

    private async Task CloseLaterAsync(LinkConnection superseded)
    {
        await Task.Delay(_grace, time, CancellationToken.None);
        superseded.Close("a newer link of its gateway");
    }
}
