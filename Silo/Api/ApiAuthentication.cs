using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>Lets requests through to /v1 with a valid API key, and tells grains who calls (security, Tenants).</summary>
internal sealed class ApiAuthentication(ApiKeyCache keys, RequestLimits limits) : IEndpointFilter
{
    private const string Scheme = "Bearer ";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var caller = await AuthenticateAsync(context);
        limits.CountRequest(caller.ActorId);
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>() is { } required && required.Role != caller.Role)
            throw new TidegateException(ErrorCodes.Forbidden, "Only the service operator may do this.", "Use the operator's API key.");
        RequestContext.Set(Caller.ContextKey, caller);
        return await next(invocation);
    }

    private async Task<Caller> AuthenticateAsync(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        limits.CheckRefusals(address);
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && await keys.AuthenticateAsync(header[Scheme.Length..].Trim()) is { } caller)
            return caller;
        limits.CountRefusal(address);
        throw new TidegateException(ErrorCodes.Unauthenticated, "The request carries no valid API key.", "Send `Authorization: Bearer tgk_...` with a key that is neither expired nor revoked.");
    }
}
