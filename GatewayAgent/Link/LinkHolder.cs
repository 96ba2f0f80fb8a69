using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Link;

/// <summary>The connection that is open now, for everything that calls the service in between.</summary>
internal sealed class LinkHolder
{
    private volatile ILinkConnection? _connection;

    public ILinkConnection? Connection => _connection;

    /// <summary>The open connection; throws <c>Unavailable</c> when there is none.</summary>
    public ILinkConnection Require() => _connection
        ?? throw new TidegateException(ErrorCodes.Unavailable, "There is no link to the service now; it is being opened again.");

    public void Set(ILinkConnection connection) => _connection = connection;

    /// <summary>Forgets the connection if it is still that one.</summary>
    public void Clear(ILinkConnection connection)
    {
        if (ReferenceEquals(_connection, connection)) _connection = null;
    }
}
