using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>
/// Lets requests through to /v1 with a valid API key whose role the route is open to, and tells grains who calls (security, Tenants). It stands
/// in front of the routes themselves: nothing of a body is read for who may not call.
/// </summary>
internal sealed class ApiAuthentication(RequestDelegate next, ApiKeyCache keys, RequestLimits limits)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<Guarded>() is not null)
        {
            var caller = await AuthenticateAsync(context);
            limits.CountRequest(caller.ActorId);
            RouteAccess.Require(endpoint, caller);
            RequestContext.Set(Caller.ContextKey, caller);
        }

        await next(context);
    }

    private async Task<Caller> AuthenticateAsync(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        limits.CheckRefusals(address);
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && await keys.AuthenticateAsync(header[Scheme.Length..].Trim()) is { } caller)
            return caller;
        limits.CountRefusal(address);
        throw Refusal();
    }

    /// <summary>The one answer for keys that are malformed, unknown, wrong, expired or revoked.</summary>
    public static TidegateException Refusal() =>
        new(ErrorCodes.Unauthenticated, "The request carries no valid API key.", "Send `Authorization: Bearer tgk_...` with a key that is neither expired nor revoked.");

    /// <summary>Endpoint metadata: the route is one of those that this guards.</summary>
    internal sealed class Guarded;
}
