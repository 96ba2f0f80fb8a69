using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>Roles that a user may have (<c>docs/security/access.md</c>).</summary>
public static class UserRoles
{
    /// <summary>All of them; all but the operator belong to an account.</summary>
    public static IReadOnlyList<Role> All { get; } = [Role.Operator, Role.AccountAdmin, Role.Uploader, Role.Reader];
}
