using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Console;

/// <summary>What a role is shown, beyond what routes and grains refuse it.</summary>
internal static class ConsoleRoles
{
    private static readonly Role[] OfOperator = [Role.Operator];
    private static readonly Role[] OfAccount = [Role.Reader, Role.Uploader, Role.AccountAdmin];

    /// <summary>Who has a page of one's own.</summary>
    public static readonly IReadOnlyList<Role> Everybody = [Role.Operator, Role.AccountAdmin, Role.Uploader, Role.Reader];

    /// <summary>The page that a role begins with.</summary>
    public static string Home(Role role) => Roles.Auditors.Contains(role) ? "/gateways" : "/volumes";

    /// <summary>Roles of the API keys that a role can make, the least first.</summary>
    public static IReadOnlyList<Role> OfKeys(Role role) => role == Role.Operator ? OfOperator : OfAccount;
}
