namespace Tidegate.Grains.Interfaces.Security;

/// <summary>Which claim of the caller's token must equal the grain's key before a client's call is let through.</summary>
[AttributeUsage(AttributeTargets.Interface)]
public sealed class KeyBelongsToAttribute(KeyOwner owner) : Attribute
{
    /// <summary>The claim.</summary>
    public KeyOwner Owner { get; } = owner;
}
