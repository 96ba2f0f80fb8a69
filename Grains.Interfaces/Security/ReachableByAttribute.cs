namespace Tidegate.Grains.Interfaces.Security;

/// <summary>
/// Opens a grain method to clients that hold one of the named roles. A method without it is reachable from inside the
/// cluster alone: deny is the default (<c>docs/protocols/link.md</c>, layer 3). Interfaces cannot be opened as a whole: a method that is added
/// to one later would be open without anybody having said so.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReachableByAttribute(params Role[] roles) : Attribute
{
    /// <summary>True when keys that are bound to volumes may call as well; what it is about is then checked against the bounds by the grain.</summary>
    public bool IsForBoundKeys { get; init; }

    /// <summary>The roles that may call.</summary>
    public IReadOnlyList<Role> Roles { get; } = roles;
}
