using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>The first of two gates of a request: its route and the caller's role. The second is the grain, which knows whose the resource is.</summary>
internal static class RouteAccess
{
    /// <summary>Opens the route to these roles, of credentials for a whole account.</summary>
    public static RouteHandlerBuilder OpenTo(this RouteHandlerBuilder route, IReadOnlyList<Role> roles) => route.WithMetadata(new OpenTo(roles, false));

    /// <summary>Opens the route to these roles, also of credentials that are bound to volumes.</summary>
    public static RouteHandlerBuilder OpenToBound(this RouteHandlerBuilder route, IReadOnlyList<Role> roles) => route.WithMetadata(new OpenTo(roles, true));

    /// <summary>Throws <c>Forbidden</c> unless the route is open to the caller. Says nothing of what the request names.</summary>
    public static void Require(Endpoint? endpoint, Caller caller)
    {
        var open = endpoint?.Metadata.GetMetadata<OpenTo>();
        if (open is null) throw new TidegateException(ErrorCodes.Forbidden, "This route is open to nobody.", "Use another one; docs/protocols/rest.md lists them.");
        Require(open, caller);
    }

    /// <summary>Throws <c>Forbidden</c> unless the caller is among whom something is open to.</summary>
    public static void Require(OpenTo open, Caller caller)
    {
        if (!open.Roles.Contains(caller.Role))
        {
            throw new TidegateException(
                ErrorCodes.Forbidden, $"The role {Word(caller.Role)} may not do this; {string.Join(" or ", open.Roles.Select(Word))} may.", "Use a credential that has such a role.");
        }

        if (caller.Volumes.Length > 0 && !open.AlsoBound)
            throw new TidegateException(ErrorCodes.Forbidden, "A credential that is bound to volumes may not do this.", "Use one for the whole account.");
    }

    private static string Word(Role role) => $"{char.ToLowerInvariant($"{role}"[0])}{$"{role}"[1..]}";
}
