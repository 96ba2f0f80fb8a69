using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Security;

/// <summary>The first line of every grain method. Foreign and missing resources get the same answer (I10).</summary>
internal static class Authorisation
{
    /// <summary>Passes the operator and the owner's own callers.</summary>
    public static void RequireAccount(string ownerAccountId, string resource)
    {
        var caller = Caller.Current;
        if (caller.Role == Role.Operator) return;
        if (caller.Role == Role.Tenant && ownerAccountId.Length > 0 && caller.AccountId == ownerAccountId) return;
        throw NotFound(resource);
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
