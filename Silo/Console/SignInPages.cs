using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Console;

/// <summary>Signing in and out (<c>docs/protocols/console.md</c>, Users).</summary>
internal static class SignInPages
{
    // The user of no name: whom a text that cannot be a name is checked against, at the same cost.
    private const string Nobody = "usr-00000000000000000000";

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenPage("/sign-in", ShowAsync);
        routes.MapOpenForm("/sign-in", SignInAsync, ShowAsync);
        routes.MapForm("/sign-out", SignOutAsync, ShowAsync, ConsoleRoles.Everybody);
    }

    /// <summary>Where a session was begun from.</summary>
    public static SessionOrigin OriginOf(HttpContext context) => new(AddressOf(context), context.Request.Headers.UserAgent.ToString());

    /// <summary>The session has begun: the browser keeps it, and goes on to where it wanted to.</summary>
    public static void Keep(HttpContext context, StartedSession started)
    {
        ConsoleCookies.Set(context, ConsoleCookies.Session, ConsoleSessions.CookieOf(started));
        ConsoleCookies.Clear(context, ConsoleCookies.Visitor);
    }

    private static async Task<IResult> ShowAsync(PageRequest request)
    {
        var path = ConsoleRoutes.ReturnPath(request.Value("return"));
        if (request.Error is null && await ConsoleRoutes.SessionAsync(request.Context, isUse: false) is not null) return PageRequest.GoTo(path);
        var provider = request.Service<IdentityProviderOptions>();
        return await request.PageAsync<SignInPage>(
            "Sign in", (nameof(SignInPage.Return), path), (nameof(SignInPage.Name), request.Value("name")),
            (nameof(SignInPage.Provider), provider.IsOn ? provider.DisplayName : ""));
    }

    private static async Task<IResult> SignInAsync(PageRequest request)
    {
        request.Service<RequestLimits>().CountSignIn(AddressOf(request.Context));
        var user = request.Grains.GetGrain<IUserGrain>(UserNames.IdOf(request.Value("name")) ?? Nobody);
        if (await user.SignIn(request.Secret("password"), OriginOf(request.Context)) is not { } started)
            throw new TidegateException(ErrorCodes.Unauthenticated, "No user has this name and password.", "Check both; passwords tell capitals from small letters.");
        Keep(request.Context, started);
        return PageRequest.GoTo(ConsoleRoutes.ReturnPath(request.Value("return")));
    }

    private static async Task<IResult> SignOutAsync(PageRequest request)
    {
        await request.Service<ConsoleSessions>().EndAsync(request.Context.Request.Cookies[ConsoleCookies.Session]);
        ConsoleCookies.Clear(request.Context, ConsoleCookies.Session);
        return PageRequest.GoTo("/sign-in?done=signed-out");
    }

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";
}
