using System.Collections.Concurrent;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Silo.Link;

/// <summary>
/// The links that this silo terminates: who holds which, and which certificate a client id belongs to. Fed by the frame
/// guard; asked when a gateway is revoked and by the broadcast fallback (M1.4).
/// </summary>
internal sealed class LinkConnections
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<LinkConnection>> _byThumbprint = [];
    private readonly Dictionary<string, int> _developers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LinkConnection> _accepted = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _owners = new(StringComparer.Ordinal);
    private int _count;
    private volatile bool _isClosed;

    /// <summary>True when no more connections are taken: the silo is stopping.</summary>
    public bool IsClosed
    {
        get => _isClosed;
        set => _isClosed = value;
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a connection in; false when its certificate, its account or this silo has too many.</summary>
    public bool TryAdd(LinkConnection connection)
    {
        lock (_gate)
        {
            var held = _byThumbprint.GetValueOrDefault(connection.Identity.Thumbprint);
            if (held?.Count >= LinkLimits.ConnectionsPerCertificate || _count >= LinkLimits.Connections) return false;
            var isDeveloper = connection.Identity.Kind == LinkClientKind.Developer;
            var ofAccount = _developers.GetValueOrDefault(connection.Identity.AccountId);
            if (isDeveloper && ofAccount >= LinkLimits.DevelopersPerAccount) return false;
            if (isDeveloper) _developers[connection.Identity.AccountId] = ofAccount + 1;
            if (held is null) _byThumbprint.Add(connection.Identity.Thumbprint, held = []);
            held.Add(connection);
            _count++;
            return true;
        }
    }

    public void Remove(LinkConnection connection)
    {
        lock (_gate)
        {
            if (!_byThumbprint.TryGetValue(connection.Identity.Thumbprint, out var held) || !held.Remove(connection)) return;
            _count--;
            if (connection.Identity.Kind == LinkClientKind.Developer && _developers.Remove(connection.Identity.AccountId, out var ofAccount) && ofAccount > 1)
                _developers.Add(connection.Identity.AccountId, ofAccount - 1);
            // A newer connection of the same client stays.
            if (connection.ClientId is { } client) _accepted.TryRemove(KeyValuePair.Create(client, connection));
            if (held.Count == 0) _byThumbprint.Remove(connection.Identity.Thumbprint);
        }
    }

    /// <summary>Binds a client id to the certificate that used it first; false when it is another's.</summary>
    public bool TryBind(string clientId, LinkConnection connection)
    {
        if (_owners.Count >= LinkLimits.RememberedClients) ForgetDead();
        if (_owners.GetOrAdd(clientId, connection.Identity.Thumbprint) != connection.Identity.Thumbprint) return false;
        connection.ClientId = clientId;
        return true;
    }

    /// <summary>Takes note that the gateway's grain has registered the connection, which may be found from now on.</summary>
    public void Accept(LinkConnection connection, LinkHolding holding)
    {
        connection.Holding = holding;
        _accepted[holding.ClientId] = connection;
    }

    /// <summary>Takes note of a developer's connection, which no grain has to know.</summary>
    public void Accept(LinkConnection connection, string clientId) => _accepted[clientId] = connection;

    /// <summary>The client's newest open connection; null when there is none here.</summary>
    public LinkConnection? Find(string clientId) =>
        _accepted.TryGetValue(clientId, out var connection) && connection.ClosedBecause is null ? connection : null;

    /// <summary>Every connection that is open now.</summary>
    public IReadOnlyList<LinkConnection> All()
    {
        lock (_gate) return [.. _byThumbprint.Values.SelectMany(held => held)];
    }

    /// <summary>The identities that hold links here, each once.</summary>
    public IReadOnlyList<LinkIdentity> Identities()
    {
        lock (_gate) return [.. _byThumbprint.Values.Select(static held => held[0].Identity)];
    }

    /// <summary>Closes every link of a certificate; returns how many there were.</summary>
    public int CloseCertificate(string thumbprint, string reason)
    {
        LinkConnection[] closing;
        lock (_gate) closing = _byThumbprint.TryGetValue(thumbprint, out var held) ? [.. held] : [];
        foreach (var connection in closing) connection.Close(reason);
        return closing.Length;
    }

    /// <summary>Closes every connection of an API key's clients; returns how many there were.</summary>
    public int CloseSubject(string subjectId, string reason)
    {
        LinkConnection[] closing;
        lock (_gate) closing = [.. _byThumbprint.Values.SelectMany(held => held).Where(held => string.Equals(held.Identity.SubjectId, subjectId, StringComparison.OrdinalIgnoreCase))];
        foreach (var connection in closing) connection.Close(reason);
        return closing.Length;
    }

    /// <summary>Closes the connections of links that a silo served; returns how many there were.</summary>
    public int CloseServedBy(SiloAddress silo, string reason)
    {
        var closing = _accepted.Values.Where(connection => silo.Equals(connection.ServedBy) && connection.ClosedBecause is null).ToArray();
        foreach (var connection in closing) connection.Close(reason);
        return closing.Length;
    }

    /// <summary>Client ids are random: one that no live connection uses will not come back, but for a reconnecting agent, which is bound anew.</summary>
    private void ForgetDead()
    {
        HashSet<string> live;
        lock (_gate) live = [.. _byThumbprint.Values.SelectMany(l => l).Select(c => c.ClientId).OfType<string>()];
        foreach (var clientId in _owners.Keys)
        {
            if (!live.Contains(clientId)) _owners.TryRemove(clientId, out _);
        }
    }
}
