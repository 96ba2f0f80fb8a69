using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>One's own password and sessions.</summary>
internal static class ProfilePages
{
    public static void MapProfile(this IEndpointRouteBuilder routes)
    {
        routes.MapPage("/profile", ShowAsync, ConsoleRoles.Everybody);
        routes.MapForm("/profile/password", ChangePasswordAsync, ShowAsync, ConsoleRoles.Everybody);
        routes.MapForm("/profile/sign-out-everywhere", SignOutEverywhereAsync, ShowAsync, ConsoleRoles.Everybody);
    }

    private static async Task<IResult> ShowAsync(PageRequest request) =>
        await request.PageAsync<ProfilePage>("Profile", (nameof(ProfilePage.Sessions), await Self(request).ListSessions()));

    private static async Task<IResult> ChangePasswordAsync(PageRequest request)
    {
        if (request.Secret("new") != request.Secret("again"))
            throw new TidegateException(ErrorCodes.InvalidArgument, "The new password was not typed twice alike.", "Type it again.");
        ConsoleSessions.IsSession(request.Cookie, out _, out var token);
        await Self(request).ChangePassword(request.Secret("old"), request.Secret("new"), token);
        request.Service<ConsoleSessions>().Forget(request.Caller.ActorId);
        return PageRequest.GoTo("/profile?done=password-changed");
    }

    private static async Task<IResult> SignOutEverywhereAsync(PageRequest request)
    {
        await Self(request).SignOutEverywhere();
        request.Service<ConsoleSessions>().Forget(request.Caller.ActorId);
        ConsoleCookies.Clear(request.Context, ConsoleCookies.Session);
        return PageRequest.GoTo("/sign-in?done=signed-out-everywhere");
    }

    private static IUserGrain Self(PageRequest request) => request.Grains.GetGrain<IUserGrain>(request.Caller.ActorId);
}
