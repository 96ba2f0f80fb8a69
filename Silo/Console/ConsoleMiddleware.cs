using System.Diagnostics;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>What holds for every answer of the console: its headers, and a page for whatever went wrong (<c>docs/protocols/console.md</c>, Listener).</summary>
internal sealed partial class ConsoleMiddleware(RequestDelegate next, ConsoleSessions sessions, ILogger<ConsoleMiddleware> logger)
{
    /// <summary>Lets browsers load the console's own style, script and images, and nothing else.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                SetHeaders(((HttpContext)state).Response.Headers);
                return Task.CompletedTask;
            },
            context);
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null }) await AnswerAsync(context, Explain(context));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            var failure = RequestFailure.Of(error);
            if (failure.Fault != LogLevel.None) LogFailure(failure.Fault, error, context.Request.Method, context.Request.Path);
            await AnswerAsync(context, failure);
        }
    }

    private static void SetHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.StrictTransportSecurity = "max-age=31536000";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        if (headers.CacheControl.Count == 0) headers.CacheControl = "no-store";
    }

    private static RequestFailure Explain(HttpContext context) => context.Response.StatusCode == StatusCodes.Status404NotFound
        ? new(ErrorCodes.NotFound, "There is no such page.", "Go to one of those above.", StatusCodes.Status404NotFound, LogLevel.None)
        : new(ErrorCodes.InvalidArgument, "The page does not take this request.", "Go to one of those above.", context.Response.StatusCode, LogLevel.None);

    private async Task AnswerAsync(HttpContext context, RequestFailure failure)
    {
        var cookies = context.Response.Headers.SetCookie;
        context.Response.Clear();
        context.Response.Headers.SetCookie = cookies;
        if (failure.Code is ErrorCodes.RateLimited or ErrorCodes.Unavailable) context.Response.Headers.RetryAfter = "1";
        var session = failure.Fault == LogLevel.None ? await sessions.AuthenticateAsync(context.Request.Cookies[ConsoleCookies.Session], isUse: false) : null;
        var request = new PageRequest(context, session, FormCollection.Empty);
        request.Refuse(ErrorOf(failure, context), failure.Status);
        await (await request.PageAsync<ErrorPage>(ErrorTable.For(failure.Code).Title)).ExecuteAsync(context);
    }

    /// <summary>The error as pages show it.</summary>
    public static PageError ErrorOf(RequestFailure failure, HttpContext context) => new(
        ErrorTable.For(failure.Code).Title, failure.Message, failure.NextStep,
        failure.Fault == LogLevel.None ? null : Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier);

    [LoggerMessage(EventId = 1401, Message = "The console's {Method} {Path} failed")]
    private partial void LogFailure(LogLevel level, Exception error, string method, PathString path);
}
