using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>
/// Ids of things to be made. With an <c>Idempotency-Key</c> the id is a function of caller, route and key, so that a repeated
/// request names the same thing and the grains' own idempotence does the rest; nothing has to be remembered (M1.9).
/// </summary>
internal static class Idempotency
{
    /// <summary>The header's name.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Its longest value.</summary>
    public const int MaxLength = 128;

    /// <summary>Says of a route that it reads the header, for its description.</summary>
    public static RouteHandlerBuilder AcceptsIdempotencyKey(this RouteHandlerBuilder route) => route.WithMetadata(new Accepted());

    /// <summary>The id for a request. Throws <c>InvalidArgument</c> for a malformed header.</summary>
    public static string NewId(HttpContext context, ResourceKind kind)
    {
        var header = context.Request.Headers[Header];
        if (header.Count == 0) return ResourceId.New(kind);
        var key = header.ToString();
        if (key.Length is 0 or > MaxLength || !key.All(c => c is > ' ' and < (char)127))
            throw new TidegateException(ErrorCodes.InvalidArgument, $"{Header} must be 1 to {MaxLength} visible ASCII characters.", "Send a fresh random key with each new request, and the same key when repeating one.");
        return NewId(kind, $"{context.Request.Method} {context.Request.Path}", key);
    }

    /// <summary>The id of what the current caller makes by a request of this key.</summary>
    public static string NewId(ResourceKind kind, string request, string key)
    {
        var caller = Caller.Current;
        var owner = caller.AccountId.Length > 0 ? caller.AccountId : caller.ActorId;
        return ResourceId.Derive(kind, $"{owner}\n{request}\n{key}");
    }

    /// <summary>Endpoint metadata: the route reads the header.</summary>
    internal sealed class Accepted;
}
