using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways.Holders;

/// <summary>The connections that this silo terminates; the host implements it over its guarded port.</summary>
public interface ILinkSockets
{
    /// <summary>The client's open connection, or null when this silo owns none.</summary>
    LinkHolding? Find(string gatewayId, string clientId);

    /// <summary>Notes which silo serves the link of that connection: when it dies the link is over, and the connection with it.</summary>
    void NoteServedBy(string clientId, SiloAddress silo);

    /// <summary>Closes a connection that has lost to a newer one, after a moment in which its agent may read why.</summary>
    void CloseSuperseded(string clientId, long generation);

    /// <summary>What discovery says of this silo; null while it takes no links.</summary>
    LinkOffer? Offer();
}
