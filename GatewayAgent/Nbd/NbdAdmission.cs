namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Counts connections, in all and by address, from before the first byte to after the last.</summary>
internal sealed class NbdAdmission(NbdServerOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>Takes a place for a connection; null when it has one, else the rule that refuses it.</summary>
    public string? Enter(string address)
    {
        lock (_gate)
        {
            if (_all >= options.MaxConnections)
                return $"{_all} connections are open, which is the limit";
            var here = _byAddress.GetValueOrDefault(address);
            if (here >= options.MaxConnectionsPerAddress)
                return $"{here} connections are open from this address, which is the limit";
            _byAddress[address] = here + 1;
            _all++;
            return null;
        }
    }

    public void Leave(string address)
    {
        lock (_gate)
        {
            _all--;
            if (_byAddress[address] == 1)
                _byAddress.Remove(address);
            else
                _byAddress[address]--;
        }
    }
}
