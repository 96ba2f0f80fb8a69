using System.Buffers.Text;
using System.Security.Cryptography;

namespace Tidegate.Silo.Console;

/// <summary>The console's cookies: sent over HTTPS alone, to this host alone, by its own pages alone, and out of scripts' reach.</summary>
internal static class ConsoleCookies
{
    /// <summary>Holds who is signed in.</summary>
    public const string Session = "__Host-tidegate-session";

    /// <summary>Tells one visitor's sign-in form from another's.</summary>
    public const string Visitor = "__Host-tidegate-visitor";

    private const int VisitorBytes = 32;

    /// <summary>The visitor's cookie, set when there is none.</summary>
    public static string EnsureVisitor(HttpContext context)
    {
        if (context.Request.Cookies[Visitor] is { Length: > 0 and <= 64 } known) return known;
        var fresh = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(VisitorBytes));
        Set(context, Visitor, fresh);
        return fresh;
    }

    /// <summary>Sets a cookie that ends with the browser.</summary>
    public static void Set(HttpContext context, string name, string value) => context.Response.Cookies.Append(name, value, Options());

    /// <summary>Has the browser forget a cookie.</summary>
    public static void Clear(HttpContext context, string name) => context.Response.Cookies.Delete(name, Options());

    private static CookieOptions Options() => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };
}
