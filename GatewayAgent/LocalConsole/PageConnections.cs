using Microsoft.AspNetCore.Connections;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>
/// Bounds the page's connections without ever turning a newcomer away: nobody has proved anything here, so the oldest connection on which
/// no request goes on makes room, and the oldest of all when there is none. Idle connections therefore shut nobody out.
/// </summary>
internal sealed class PageConnections(int most)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Place> _places = new();

    /// <summary>Connections now.</summary>
    public int Count
    {
        get { lock (_gate) return _places.Count; }
    }

    /// <summary>Connection middleware of the page's listener.</summary>
    public ConnectionDelegate Admit(ConnectionDelegate next) => async connection =>
    {
        var place = new Place(connection);
        connection.Items[typeof(Place)] = place;
        Enter(place)?.Connection.Abort(new ConnectionAbortedException("A newer connection needed the place."));
        try
        {
            await next(connection);
        }
        finally
        {
            Leave(place);
        }
    };

    /// <summary>A request goes on until the returned object is disposed.</summary>
    public IDisposable BeginRequest(IDictionary<object, object?> items)
    {
        var place = (Place)items[typeof(Place)]!;
        lock (_gate) place.Requests++;
        return new Request(this, place);
    }

    private Place? Enter(Place place)
    {
        lock (_gate)
        {
            Place? displaced = null;
            if (_places.Count >= most)
            {
                displaced = _places.FirstOrDefault(static p => p.Requests == 0) ?? _places.First!.Value;
                _places.Remove(displaced);
            }
            _places.AddLast(place);
            return displaced;
        }
    }

    private void Leave(Place place)
    {
        lock (_gate) _places.Remove(place);
    }

    private sealed class Place(ConnectionContext connection)
    {
        public ConnectionContext Connection => connection;
        public int Requests { get; set; }
    }

    private sealed class Request(PageConnections owner, Place place) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._gate) place.Requests--;
        }
    }
}
