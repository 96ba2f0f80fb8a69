using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Security;

/// <summary>The first line of every grain method. Foreign and missing resources get the same answer (I10).</summary>
internal static class Authorisation
{
    /// <summary>
    /// Passes the operator, and callers of the owner whose role is one of <paramref name="roles"/>. What is foreign, or of a volume outside the
    /// caller's bounds, is answered as missing; only for what is the caller's own does the role's want show.
    /// </summary>
    /// <param name="roles">One of the sets in <see cref="Roles"/>.</param>
    /// <param name="ownerAccountId">Owner; empty for what nobody owns (any more).</param>
    /// <param name="resource">For the message: kind and id.</param>
    /// <param name="volumeId">The volume that the resource is or belongs to; empty for what belongs to none, null where the caller's bounds were looked at on the way.</param>
    public static void Require(IReadOnlyList<Role> roles, string ownerAccountId, string resource, string? volumeId = "")
    {
        var caller = Caller.Current;
        if (caller.Role == Role.Operator) return;
        if (!Roles.IsOfAccount(caller.Role) || ownerAccountId.Length == 0 || caller.AccountId != ownerAccountId || (volumeId is not null && !caller.Covers(volumeId))) throw NotFound(resource);
        if (roles.Contains(caller.Role)) return;
        throw new TidegateException(
            ErrorCodes.Forbidden, $"The credential's role does not allow this on {resource}.", "Use a credential of the role that docs/security/access.md names for it.");
    }

    /// <summary>Passes the agent of exactly this gateway.</summary>
    public static void RequireGateway(string gatewayId, string resource)
    {
        var caller = Caller.Current;
        if (caller.Role == Role.Agent && gatewayId.Length > 0 && caller.GatewayId == gatewayId) return;
        throw NotFound(resource);
    }

    /// <summary>Passes the agent of exactly this gateway, on the connection that it names itself.</summary>
    public static void RequireClient(string gatewayId, string clientId, string resource)
    {
        RequireGateway(gatewayId, resource);
        if (clientId.Length > 0 && Caller.Current.ClientId == clientId) return;
        throw new TidegateException(ErrorCodes.Forbidden, "The client id is not the one that the link's token was issued for.", "Connect again.");
    }

    /// <summary>Passes the operator alone.</summary>
    public static void RequireOperator()
    {
        if (Caller.Current.Role == Role.Operator) return;
        throw new TidegateException(ErrorCodes.Forbidden, "Only the service operator may do this.", "Use the operator's API key.");
    }

    /// <summary>The one answer for what does not exist and for what is somebody else's.</summary>
    public static TidegateException NotFound(string resource) =>
        new(ErrorCodes.NotFound, $"{resource} does not exist.", "Check the id; list the resources of this account to see what there is.");
}
