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
        var failure = RequestFailure.Of(error);
        if (failure.Fault == LogLevel.Warning) LogUnavailable(error, context.Request.Method, context.Request.Path);
        if (failure.Fault == LogLevel.Error) LogFault(error, context.Request.Method, context.Request.Path);
        return Problems.WriteAsync(context, failure.Code, failure.Message, failure.NextStep, failure.Status);
    }

    [LoggerMessage(1201, LogLevel.Warning, "{Method} {Path} could not be finished")]
    private partial void LogUnavailable(Exception error, string method, PathString path);

    [LoggerMessage(1202, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFault(Exception error, string method, PathString path);
}
