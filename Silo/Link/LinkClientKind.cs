using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>The two kinds of clients that the link port lets in; each reaches what is open to its own roles and nothing of the other's.</summary>
public enum LinkClientKind
{
    /// <summary>A gateway's agent.</summary>
    Agent,

    /// <summary>A developer's client, with the role of its API key.</summary>
    Developer,
}

/// <summary>Which roles are whose.</summary>
internal static class LinkClientKinds
{
    /// <summary>True when clients of the kind may have the role.</summary>
    public static bool MayBe(this LinkClientKind kind, Role role) => kind switch
    {
        LinkClientKind.Agent => role == Role.Agent,
        LinkClientKind.Developer => Roles.IsOfAccount(role),
        _ => false,
    };
}
