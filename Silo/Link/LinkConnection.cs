using Microsoft.AspNetCore.Connections;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Silo.Link;

/// <summary>One authenticated connection of this silo's guarded port.</summary>
internal sealed class LinkConnection(LinkIdentity identity, ConnectionContext connection)
{
    private string? _closedBecause;
    private volatile SiloAddress? _servedBy;

    public LinkIdentity Identity => identity;

    /// <summary>Set once the preamble was accepted.</summary>
    public string? ClientId { get; internal set; }

    /// <summary>As the gateway's grain has registered it; null until the preamble was accepted.</summary>
    public LinkHolding? Holding { get; internal set; }

    /// <summary>The silo whose gateway grain serves the link over it; null before the link is opened.</summary>
    public SiloAddress? ServedBy
    {
        get => _servedBy;
        set => _servedBy = value;
    }

    /// <summary>Why the service closed it, when it did.</summary>
    public string? ClosedBecause => Volatile.Read(ref _closedBecause);

    /// <summary>Ends the connection; the first reason stays.</summary>
    public void Close(string reason)
    {
        Interlocked.CompareExchange(ref _closedBecause, reason, null);
        connection.Abort(new ConnectionAbortedException(reason));
    }
}
