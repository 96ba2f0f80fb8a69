namespace Tidegate.GatewayAgent.Link;

/// <summary>Finds the service and connects: discovery, then one connection to one server (agent design, Link).</summary>
internal interface ILinkConnector
{
    /// <summary>A fresh connection with a fresh token. Every failure is a <c>TidegateException</c>.</summary>
    Task<ILinkConnection> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Completes when a connection that is made now presents another credential than this one did, or trusts other CAs: its link has to be handed over.
    /// Throws when cancelled.
    /// </summary>
    Task WhenRenewedAsync(ILinkConnection connection, CancellationToken cancellationToken);
}
