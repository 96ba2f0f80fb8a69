using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Console;

/// <summary>Who is shown which forms; the grains decide again.</summary>
internal static class ConsoleRoles
{
    private static readonly Role[] OfOperator = [Role.Operator];
    private static readonly Role[] OfAccount = [Role.Tenant];

    /// <summary>Whether forms that change an account's things are open to a role.</summary>
    public static bool MayChange(Role role) => role is Role.Operator or Role.Tenant;

    /// <summary>Whether a role comes to own what it makes.</summary>
    public static bool MayOwn(Role role) => role is Role.Tenant;

    /// <summary>Roles of the API keys that a role can make, the least first.</summary>
    public static IReadOnlyList<Role> OfKeys(Role role) => role == Role.Operator ? OfOperator : OfAccount;
}
