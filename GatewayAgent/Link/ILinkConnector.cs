namespace Tidegate.GatewayAgent.Link;

/// <summary>Finds the service and connects: discovery, then one connection to one server (agent design, Link).</summary>
internal interface ILinkConnector
{
    /// <summary>A fresh connection with a fresh token. Every failure is a <c>TidegateException</c>.</summary>
    Task<ILinkConnection> ConnectAsync(CancellationToken cancellationToken);
}
