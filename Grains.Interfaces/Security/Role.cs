namespace Tidegate.Grains.Interfaces.Security;

/// <summary>
/// What a caller is. The call filter admits a client's call only when the method names its role (<c>docs/protocols/link.md</c>), the API a
/// request only when its route does; which role may what is one table, <c>docs/security/access.md</c>.
/// </summary>
public enum Role
{
    /// <summary>Nobody: no credential was presented.</summary>
    None = 0,
    /// <summary>A gateway agent, bound to one gateway id.</summary>
    Agent = 1,
    /// <summary>Everything in one account, its keys among them; nothing outside it.</summary>
    AccountAdmin = 2,
    /// <summary>The service operator.</summary>
    Operator = 3,
    /// <summary>Looks at everything in one account, and changes nothing. What a key is unless it is said otherwise.</summary>
    Reader = 4,
    /// <summary>Brings data into one account, by taking snapshots, and sees what that needs; ends, renames and gives away nothing.</summary>
    Uploader = 5,
}
