using System.Runtime.CompilerServices;

namespace Tidegate.Silo.Link;

/// <summary>
/// Who started which enumeration on an activation, so that only its owner continues or disposes it. Entries live and die
/// with the activation that holds the enumerator itself; clients that died without disposing leave theirs behind, so the
/// oldest gives way when there are too many.
/// </summary>
internal sealed class EnumerationOwners
{
    /// <summary>More open enumerations on one activation than its clients have.</summary>
    public const int MaxPerActivation = 64;

    private readonly ConditionalWeakTable<IGrainContext, OrderedDictionary<Guid, LinkToken>> _owners = [];

    /// <summary>Notes the owner; false when the id is somebody else's.</summary>
    public bool TryStart(IGrainContext activation, Guid enumeration, LinkToken token)
    {
        var owners = _owners.GetValue(activation, static _ => []);
        lock (owners)
        {
            if (owners.TryGetValue(enumeration, out var known)) return string.Equals(known.ClientId, token.ClientId, StringComparison.Ordinal);
            if (owners.Count >= MaxPerActivation) owners.RemoveAt(0);
            owners.Add(enumeration, token);
            return true;
        }
    }

    /// <summary>True for the client that started it.</summary>
    public bool IsOwner(IGrainContext activation, Guid enumeration, string client)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return false;
        lock (owners) return owners.TryGetValue(enumeration, out var owner) && string.Equals(owner.ClientId, client, StringComparison.Ordinal);
    }

    /// <summary>True while some client owns it.</summary>
    public bool IsOwned(IGrainContext activation, Guid enumeration)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return false;
        lock (owners) return owners.ContainsKey(enumeration);
    }

    /// <summary>The running enumerations that were started with a certificate, or for an API key.</summary>
    public IReadOnlyList<(IGrainContext Activation, Guid Enumeration)> OwnedBy(string revoked) => Running(owner =>
        string.Equals(owner.Thumbprint, revoked, StringComparison.OrdinalIgnoreCase) || string.Equals(owner.Caller.ActorId, revoked, StringComparison.OrdinalIgnoreCase));

    /// <summary>The running enumerations whose certificate has come to its end.</summary>
    public IReadOnlyList<(IGrainContext Activation, Guid Enumeration)> Expired(DateTimeOffset now) => Running(owner => owner.CertificateExpiresAt <= now);

    private List<(IGrainContext Activation, Guid Enumeration)> Running(Func<LinkToken, bool> isMeant)
    {
        var found = new List<(IGrainContext, Guid)>();
        foreach (var (activation, owners) in _owners)
        {
            lock (owners)
            {
                found.AddRange(owners.Where(owner => isMeant(owner.Value)).Select(owner => (activation, owner.Key)));
            }
        }

        return found;
    }

    /// <summary>Forgets an enumeration that has ended.</summary>
    public void End(IGrainContext activation, Guid enumeration)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return;
        lock (owners) owners.Remove(enumeration);
    }
}
