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

    private readonly ConditionalWeakTable<object, OrderedDictionary<Guid, string>> _owners = [];

    /// <summary>Notes the owner; false when the id is somebody else's.</summary>
    public bool TryStart(object activation, Guid enumeration, string owner)
    {
        var owners = _owners.GetValue(activation, static _ => []);
        lock (owners)
        {
            if (owners.TryGetValue(enumeration, out var known)) return string.Equals(known, owner, StringComparison.Ordinal);
            if (owners.Count >= MaxPerActivation) owners.RemoveAt(0);
            owners.Add(enumeration, owner);
            return true;
        }
    }

    /// <summary>True for the client that started it.</summary>
    public bool IsOwner(object activation, Guid enumeration, string client)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return false;
        lock (owners) return owners.TryGetValue(enumeration, out var owner) && string.Equals(owner, client, StringComparison.Ordinal);
    }

    /// <summary>True while some client owns it.</summary>
    public bool IsOwned(object activation, Guid enumeration)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return false;
        lock (owners) return owners.ContainsKey(enumeration);
    }

    /// <summary>Forgets an enumeration that has ended.</summary>
    public void End(object activation, Guid enumeration)
    {
        if (!_owners.TryGetValue(activation, out var owners)) return;
        lock (owners) owners.Remove(enumeration);
    }
}
