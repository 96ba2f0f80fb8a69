using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>The guarded port of a cluster that has none: its scripted agents count as connected from the beginning.</summary>
internal sealed class TestSockets(ILocalSiloDetails silo) : ILinkSockets
{
    public const string Client = "client";
    public const long Generation = 1;

    /// <summary>A newer connection of the same agent.</summary>
    public const string NewerClient = "client-2";

    public LinkHolding? Find(string gatewayId, string clientId) => clientId switch
    {
        Client => new LinkHolding(silo.SiloAddress, "AA", clientId, Generation),
        NewerClient => new LinkHolding(silo.SiloAddress, "AA", clientId, Generation + 1),
        _ => null,
    };

    public void NoteServedBy(string clientId, SiloAddress silo)
    {
    }

    public void CloseSuperseded(string clientId, long generation)
    {
    }

    public LinkOffer? Offer() => null;
}
