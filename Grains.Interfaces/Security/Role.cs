namespace Tidegate.Grains.Interfaces.Security;

/// <summary>What a caller is. The call filter admits a client's call only when the method names its role (<c>docs/protocols/link.md</c>).</summary>
public enum Role
{
    /// <summary>Nobody: no credential was presented.</summary>
    None = 0,
    /// <summary>A gateway agent, bound to one gateway id.</summary>
    Agent = 1,
    /// <summary>A customer's key or user, bound to one account.</summary>
    Tenant = 2,
    /// <summary>The service operator.</summary>
    Operator = 3,
}
