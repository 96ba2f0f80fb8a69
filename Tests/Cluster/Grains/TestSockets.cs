using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>The guarded port of a cluster that has none: its scripted agents count as connected from the beginning.</summary>
internal sealed class TestSockets(ILocalSiloDetails silo) : ILinkSockets
{
    public const string Client = "client";
    public const long Generation = 1;

    public LinkHolding? Find(string gatewayId, string clientId) => clientId == Client ? new LinkHolding(silo.SiloAddress, "AA", clientId, Generation) : null;

    public void NoteServedBy(string clientId, SiloAddress silo)
    {
    }

    public void CloseSuperseded(string clientId, long generation)
    {
    }

    public LinkOffer? Offer() => null;
}
