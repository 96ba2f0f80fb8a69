using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Grains.Interfaces.Security;

/// <summary>
/// Which claim of the caller's token must equal the grain's key before a client's call is let through, and of what form the key is: no grain
/// is woken under a key of another form (<c>docs/protocols/link.md</c>, Frames).
/// </summary>
[AttributeUsage(AttributeTargets.Interface)]
public sealed class KeyBelongsToAttribute(KeyOwner owner, ResourceKind kind) : Attribute
{
    /// <summary>The claim.</summary>
    public KeyOwner Owner { get; } = owner;

    /// <summary>What the key is an id of.</summary>
    public ResourceKind Kind { get; } = kind;
}
