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

    private readonly ConditionalWeakTable<IGrainContext, OrderedDictionary<Guid, (string Client, string Thumbprint)>> _owners = [];

    /// <summary>Notes the owner; false when the id is somebody else's.</summary>
    public bool TryStart(IGrainContext activation, Guid enumeration, string client, string thumbprint)
    {
        var owners = _owners.GetValue(activation, static _ => []);
        lock (owners)
        {
            if (owners.TryGetValue(enumeration, out var known)) return string.Equals(known.Client, client, StringComparison.Ordinal);
            if (owners.Count >= MaxPerActivation) owners.RemoveAt(0);
            owners.Add(enumeration, (client, thumbprint));
            return true;
        }
    }

    /// <summary>True for the client that started it.</summary>
    public bool IsOwner(IGrainContext activation, Guid enumeration, string client)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return false;
        lock (owners) return owners.TryGetValue(enumeration, out var owner) && string.Equals(owner.Client, client, StringComparison.Ordinal);
    }

    /// <summary>True while some client owns it.</summary>
    public bool IsOwned(IGrainContext activation, Guid enumeration)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return false;
        lock (owners) return owners.ContainsKey(enumeration);
    }

    /// <summary>The running enumerations that were started with a certificate.</summary>
    public IReadOnlyList<(IGrainContext Activation, Guid Enumeration)> OwnedBy(string thumbprint)
    {
        var found = new List<(IGrainContext, Guid)>();
        foreach (var (activation, owners) in _owners)
        {
            lock (owners)
            {
                found.AddRange(owners.Where(owner => string.Equals(owner.Value.Thumbprint, thumbprint, StringComparison.OrdinalIgnoreCase)).Select(owner => (activation, owner.Key)));
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
