namespace Tidegate.Grains.Interfaces.Security;

/// <summary>
/// Opens a grain method to clients that hold one of the named roles. A method without it is reachable from inside the
/// cluster alone: deny is the default (<c>docs/protocols/link.md</c>, layer 3).
/// </summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Interface)]
public sealed class ReachableByAttribute(params Role[] roles) : Attribute
{
    /// <summary>The roles that may call.</summary>
    public IReadOnlyList<Role> Roles { get; } = roles;
}
