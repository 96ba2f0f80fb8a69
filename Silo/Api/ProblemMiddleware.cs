using System.Data.Common;
using Orleans.Storage;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Api;

/// <summary>Turns whatever went wrong into problem details; what is our fault is logged with the trace id that the caller sees.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            // Answers of routing itself: no such route, no such method, no such media type.
            var status = context.Response.StatusCode;
            if (status >= 400 && !context.Response.HasStarted && context.Response.ContentType is null && context.Response.ContentLength is null && IsUnexplained(context))
            {
                await Problems.WriteAsync(context, ErrorTable.CodeFor(status), $"{context.Request.Method} {context.Request.Path} is not served here.",
                    "See /openapi/v1.json for what is.", status);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await AnswerAsync(context, error);
        }
    }

    private static bool IsUnexplained(HttpContext context) => context.GetEndpoint() is null || context.Response.StatusCode is
        StatusCodes.Status405MethodNotAllowed or StatusCodes.Status415UnsupportedMediaType;

    private Task AnswerAsync(HttpContext context, Exception error)
    {
        switch (error)
        {
            case TidegateException told:
                return Problems.WriteAsync(context, told.Code, told.Message, told.NextStep);
            case BadHttpRequestException bad:
                return Problems.WriteAsync(context, ErrorCodes.InvalidArgument, Explain(bad), "Compare the request with /openapi/v1.json.", bad.StatusCode);
            case OrleansException or InconsistentStateException or TimeoutException or DbException or IOException:
                LogUnavailable(error, context.Request.Method, context.Request.Path);
                return Problems.WriteAsync(context, ErrorCodes.Unavailable, "The service could not finish the request.", "Send it again; look at its outcome first if it changes something.");
            default:
                LogFault(error, context.Request.Method, context.Request.Path);
                return Problems.WriteAsync(context, ErrorCodes.Internal, "The service failed at this request.", "Report the trace id to the operator.");
        }
    }

    /// <summary>The serializer's words name the place in the caller's own JSON.</summary>
    private static string Explain(BadHttpRequestException bad) =>
        bad.InnerException is System.Text.Json.JsonException json ? $"The body is not the JSON it should be ({Missing(json) ?? $"at {json.Path ?? "$"}, line {json.LineNumber + 1}"})." : bad.Message;

    // The serializer names what is missing in its message alone, after the type that nobody outside knows.
    private static string? Missing(System.Text.Json.JsonException json)
    {
        var names = json.Message.IndexOf("missing required properties", StringComparison.Ordinal);
        var from = names < 0 ? -1 : json.Message.IndexOf('\'', names);
        return from < 0 ? null : $"it lacks {json.Message[from..].Split(" Path:")[0].TrimEnd('.')}";
    }

    [LoggerMessage(1201, LogLevel.Warning, "{Method} {Path} could not be finished")]
    private partial void LogUnavailable(Exception error, string method, PathString path);

    [LoggerMessage(1202, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFault(Exception error, string method, PathString path);
}
