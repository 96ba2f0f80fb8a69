namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// Counts handshakes and sessions, in all and by address (docs/protocols/nbd.md, Limits). Nobody has proved anything during a
/// handshake, so a newcomer is never turned away: the oldest handshake of the address that has most makes room. A client
/// that goes about its handshake is served however many connections lie idle.
/// </summary>
internal sealed class NbdAdmission(NbdServerOptions options)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<NbdPlace> _handshakes = new();
    private readonly Dictionary<string, int> _handshakesOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _sessionsOf = new(StringComparer.Ordinal);
    private int _sessions;

    /// <summary>Handshakes that go on.</summary>
    public int Handshakes
    {
        get
        {
            lock (_gate)
                return _handshakes.Count;
        }
    }

    /// <summary>Takes a place for a handshake. The returned other place has lost its own for that; the caller displaces it.</summary>
    public NbdPlace? Enter(NbdPlace place)
    {
        lock (_gate)
        {
            NbdPlace? displaced = null;
            if (_handshakesOf.GetValueOrDefault(place.Address) >= options.MaxHandshakesPerAddress)
                displaced = _handshakes.First(other => other.Address == place.Address);
            else if (_handshakes.Count >= options.MaxHandshakes)
                displaced = _handshakes.MaxBy(other => _handshakesOf[other.Address]);
            if (displaced is not null)
                EndHandshake(displaced);
            place.Handshake = _handshakes.AddLast(place);
            Add(_handshakesOf, place.Address, 1);
            return displaced;
        }
    }

    /// <summary>Turns a handshake into a session; null when it may, else the rule that forbids it.</summary>
    public string? BeginSession(NbdPlace place)
    {
        lock (_gate)
        {
            if (place.Handshake is null)
                return "the connection was given up for newer ones";
            if (_sessions >= options.MaxSessions)
                return $"{_sessions} sessions are open, which is the limit";
            var here = _sessionsOf.GetValueOrDefault(place.Address);
            if (here >= options.MaxSessionsPerAddress)
                return $"{here} sessions are open from this address, which is the limit";
            EndHandshake(place);
            place.IsSession = true;
            _sessions++;
            Add(_sessionsOf, place.Address, 1);
            return null;
        }
    }

    public void Leave(NbdPlace place)
    {
        lock (_gate)
        {
            if (place.Handshake is not null)
                EndHandshake(place);
            if (!place.IsSession)
                return;
            place.IsSession = false;
            _sessions--;
            Add(_sessionsOf, place.Address, -1);
        }
    }

    private void EndHandshake(NbdPlace place)
    {
        _handshakes.Remove(place.Handshake!);
        place.Handshake = null;
        Add(_handshakesOf, place.Address, -1);
    }

    private static void Add(Dictionary<string, int> counts, string address, int change)
    {
        var count = counts.GetValueOrDefault(address) + change;
        if (count == 0)
            counts.Remove(address);
        else
            counts[address] = count;
    }
}
