using Microsoft.AspNetCore.Connections;

namespace Tidegate.Silo.Link;

/// <summary>One authenticated connection of this silo's guarded port.</summary>
internal sealed class LinkConnection(LinkIdentity identity, ConnectionContext connection)
{
    private string? _closedBecause;

    public LinkIdentity Identity => identity;

    /// <summary>Set once the preamble was accepted.</summary>
    public string? ClientId { get; internal set; }

    /// <summary>Why the service closed it, when it did.</summary>
    public string? ClosedBecause => Volatile.Read(ref _closedBecause);

    /// <summary>Ends the connection; the first reason stays.</summary>
    public void Close(string reason)
    {
        Interlocked.CompareExchange(ref _closedBecause, reason, null);
        connection.Abort(new ConnectionAbortedException(reason));
    }
}
