using System.Reflection;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>
/// Decides whether a client may call a grain method (<c>docs/protocols/link.md</c>, layer 3). Pure: the method as the
/// silo resolved it, the grain's key and the verified token go in; a reason to refuse, or null, comes out.
/// </summary>
internal static class CallPolicy
{
    /// <summary>Null when the call may go on; otherwise why not, for the log and the audit, never for the caller.</summary>
    public static string? Refusal(MethodInfo? method, string grainKey, LinkToken? token, string sourceClientId)
    {
        if (method?.DeclaringType is not { IsInterface: true } contract) return "the method is none of a grain interface";
        var roles = RolesOf(method);
        if (roles is null) return $"{contract.Name}.{method.Name} is open to no client";
        if (token is null) return "no valid token";
        if (!string.Equals(token.ClientId, sourceClientId, StringComparison.Ordinal)) return "the token belongs to another client id";
        if (!roles.Contains(token.Caller.Role)) return $"{contract.Name}.{method.Name} is not open to {token.Caller.Role}";
        if (token.Caller.Volumes.Length > 0 && OpeningOf(method)?.IsForBoundKeys != true) return $"{contract.Name}.{method.Name} is not open to keys that are bound to volumes";
        return contract.GetCustomAttribute<KeyBelongsToAttribute>()?.Owner switch
        {
            null => $"{contract.Name} does not say whom its keys belong to",
            KeyOwner.CheckedByGrain => null,
            KeyOwner.Gateway => KeyRefusal(token.Caller.GatewayId, grainKey),
            KeyOwner.Account => KeyRefusal(token.Caller.AccountId, grainKey),
            var unknown => $"{contract.Name} has the unknown key owner {unknown}",
        };
    }

    /// <summary>
    /// True when a developer's client is refused for nothing but its API key's role or bounds: it may know that, as over REST, and has attacked nobody. It says
    /// nothing of the grain, which has not been asked.
    /// </summary>
    public static bool IsRoleWanting(MethodInfo? method, LinkToken? token, string sourceClientId) =>
        method is not null && token is not null && string.Equals(token.ClientId, sourceClientId, StringComparison.Ordinal) && LinkClientKind.Developer.MayBe(token.Caller.Role)
        && OpeningOf(method) is { } open && open.Roles.Any(static role => LinkClientKind.Developer.MayBe(role))
        && (!open.Roles.Contains(token.Caller.Role) || (token.Caller.Volumes.Length > 0 && !open.IsForBoundKeys));

    /// <summary>The roles that a method is open to; null for none.</summary>
    public static IReadOnlyList<Role>? RolesOf(MethodInfo method) =>
        OpeningOf(method)?.Roles;

    private static ReachableByAttribute? OpeningOf(MethodInfo method) => method.GetCustomAttribute<ReachableByAttribute>();

    private static string? KeyRefusal(string claim, string grainKey) =>
        claim.Length > 0 && string.Equals(claim, grainKey, StringComparison.Ordinal) ? null : "the grain's key is not the caller's";
}
