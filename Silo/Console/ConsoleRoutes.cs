using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;

namespace Tidegate.Silo.Console;

/// <summary>What is asked of every request before its page: a session, and of a form its token (<c>docs/protocols/console.md</c>).</summary>
internal static class ConsoleRoutes
{
    /// <summary>Name of the field of a form's token.</summary>
    public const string TokenField = "formToken";

    private const int MaxReturnLength = 512;

    /// <summary>A page for who is signed in and has one of the roles.</summary>
    public static void MapPage(this IEndpointRouteBuilder routes, string pattern, Func<PageRequest, Task<IResult>> page, IReadOnlyList<Role> roles) =>
        routes.MapGet(pattern, async (HttpContext context) =>
        {
            var session = await SessionAsync(context, isUse: true);
            if (session is null) return ToSignIn(context);
            Admit(context, session, roles);
            return await page(new PageRequest(context, session, FormCollection.Empty));
        }).ExcludeFromDescription().WithMetadata(new ConsoleAccess(roles));

    /// <summary>A page for everybody.</summary>
    public static void MapOpenPage(this IEndpointRouteBuilder routes, string pattern, Func<PageRequest, Task<IResult>> page) =>
        routes.MapGet(pattern, (Delegate)((HttpContext context) => page(new PageRequest(context, null, FormCollection.Empty)))).ExcludeFromDescription();

    /// <summary>
    /// A form of who is signed in and has one of the roles; what is refused is shown on <paramref name="page"/>, with what was sent.
    /// </summary>
    public static void MapForm(
        this IEndpointRouteBuilder routes, string pattern, Func<PageRequest, Task<IResult>> act, Func<PageRequest, Task<IResult>> page, IReadOnlyList<Role> roles) =>
        routes.MapPost(pattern, async (HttpContext context) =>
        {
            var session = await SessionAsync(context, isUse: true);
            if (session is null) return ToSignIn(context);
            var request = new PageRequest(context, session, await FormAsync(context, context.Request.Cookies[ConsoleCookies.Session]!));
            Admit(context, session, roles);
            return await ActAsync(request, act, page);
        }).ExcludeFromDescription().WithMetadata(new ConsoleAccess(roles));

    /// <summary>A form of a visitor.</summary>
    public static void MapOpenForm(
        this IEndpointRouteBuilder routes, string pattern, Func<PageRequest, Task<IResult>> act, Func<PageRequest, Task<IResult>> page) =>
        routes.MapPost(pattern, async (HttpContext context) =>
        {
            var form = await FormAsync(context, context.Request.Cookies[ConsoleCookies.Visitor] ?? "");
            return await ActAsync(new PageRequest(context, null, form), act, page);
        }).ExcludeFromDescription();

    /// <summary>The session of a request's cookie.</summary>
    public static Task<SessionDescription?> SessionAsync(HttpContext context, bool isUse) =>
        context.RequestServices.GetRequiredService<ConsoleSessions>().AuthenticateAsync(context.Request.Cookies[ConsoleCookies.Session], isUse);

    /// <summary>The path to go on at; only one of the console itself.</summary>
    public static string ReturnPath(string? asked) =>
        asked is { Length: > 1 and <= MaxReturnLength } && asked[0] == '/' && asked[1] is not ('/' or '\\') && !asked.Any(char.IsControl) ? asked : "/gateways";

    /// <summary>Counts the request, and goes on in the name of who is signed in.</summary>
    private static void Admit(HttpContext context, SessionDescription session, IReadOnlyList<Role> roles)
    {
        context.RequestServices.GetRequiredService<RequestLimits>().CountRequest(session.Caller.ActorId);
        if (!roles.Contains(session.Caller.Role))
            throw new TidegateException(ErrorCodes.Forbidden, "Your role does not allow this.", "Ask an administrator of the account.");
        RequestContext.Set(Caller.ContextKey, session.Caller);
    }

    private static async Task<IResult> ActAsync(PageRequest request, Func<PageRequest, Task<IResult>> act, Func<PageRequest, Task<IResult>> page)
    {
        try
        {
            return await act(request);
        }
        catch (TidegateException refusal)
        {
            var failure = RequestFailure.Of(refusal);
            request.Refuse(ConsoleMiddleware.ErrorOf(failure, request.Context), failure.Status);
            return await page(request);
        }
    }

    /// <summary>
    /// The form, when it is one of our own pages': it carries the token of the cookie, and the browser does not say otherwise.
    /// </summary>
    private static async Task<IFormCollection> FormAsync(HttpContext context, string cookie)
    {
        var site = context.Request.Headers["Sec-Fetch-Site"].ToString();
        if (context.Request.HasFormContentType && site is "" or "same-origin")
        {
            try
            {
                var form = await context.Request.ReadFormAsync(new FormOptions { ValueCountLimit = 64, KeyLengthLimit = 64, ValueLengthLimit = 8192 }, context.RequestAborted);
                if (context.RequestServices.GetRequiredService<FormTokens>().IsFor(cookie, form[TokenField])) return form;
            }
            catch (InvalidDataException)
            {
                // No form of ours is so large.
            }
        }

        throw new TidegateException(ErrorCodes.Forbidden, "The form is not one of this session's pages, or an old one.", "Go back, load the page again and fill in the form once more.");
    }

    /// <summary>
    /// Nobody is signed in. A link of another site comes without the cookie that there may be: the browser sends it when the console's own page asks.
    /// </summary>
    private static IResult ToSignIn(HttpContext context)
    {
        var path = context.Request.GetEncodedPathAndQuery();
        if (!HttpMethods.IsGet(context.Request.Method)) return PageRequest.GoTo("/sign-in");
        return context.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site"
            ? new Interstitial(path)
            : PageRequest.GoTo("/sign-in?return=" + Uri.EscapeDataString(path));
    }

    private sealed class Interstitial(string path) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers["Refresh"] = "0;url=" + path;
            var page = await new PageRequest(httpContext, null, FormCollection.Empty).PageAsync<Views.ContinuePage>("Continue", ("Address", path));
            await page.ExecuteAsync(httpContext);
        }
    }
}
