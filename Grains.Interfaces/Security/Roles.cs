namespace Tidegate.Grains.Interfaces.Security;

/// <summary>The sets of roles that operations are opened to (<c>docs/security/access.md</c>). Agents are in none: what they may call names them.</summary>
public static class Roles
{
    /// <summary>The service's own work: opening accounts.</summary>
    public static readonly IReadOnlyList<Role> Operators = [Role.Operator];

    /// <summary>What only the account itself does, because it comes to own what is made.</summary>
    public static readonly IReadOnlyList<Role> Owners = [Role.AccountAdmin];

    /// <summary>What changes, ends or gives away an account's things.</summary>
    public static readonly IReadOnlyList<Role> Admins = [Role.Operator, Role.AccountAdmin];

    /// <summary>What brings data in.</summary>
    public static readonly IReadOnlyList<Role> Uploaders = [Role.Operator, Role.AccountAdmin, Role.Uploader];

    /// <summary>What looks at volumes and snapshots.</summary>
    public static readonly IReadOnlyList<Role> Readers = [Role.Operator, Role.AccountAdmin, Role.Uploader, Role.Reader];

    /// <summary>What looks at the account itself: its keys, gateways and audit, which an uploader has no need of.</summary>
    public static readonly IReadOnlyList<Role> Auditors = [Role.Operator, Role.AccountAdmin, Role.Reader];

    /// <summary>Everybody of an account, and nobody else: what leads onto the link.</summary>
    public static readonly IReadOnlyList<Role> OfAccount = [Role.AccountAdmin, Role.Uploader, Role.Reader];

    /// <summary>The roles that stand for one account and are bound to it.</summary>
    public static bool IsOfAccount(Role role) => role is Role.AccountAdmin or Role.Uploader or Role.Reader;
}
