using System.Diagnostics;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Api;

/// <summary>Writes refusals as problem details (RFC 9457) with our members <c>code</c> and <c>nextStep</c>.</summary>
internal static class Problems
{
    /// <summary>What a problem's type begins with; the code follows.</summary>
    public const string TypePrefix = "urn:tidegate:error:";

    private const string ContentType = "application/problem+json";

    /// <summary>Answers with an error. <paramref name="status"/> replaces the table's where the server was more exact (405, 411, 413, 415).</summary>
    public static Task WriteAsync(HttpContext context, string code, string detail, string? nextStep = null, int? status = null)
    {
        var (known, title) = ErrorTable.For(code);
        context.Response.StatusCode = status ?? known;
        if (code == ErrorCodes.Unauthenticated) context.Response.Headers.WWWAuthenticate = "Bearer";
        if (code is ErrorCodes.RateLimited or ErrorCodes.Unavailable && context.Response.Headers.RetryAfter.Count == 0) context.Response.Headers.RetryAfter = "1";
        var problem = new ProblemView(
            TypePrefix + code, title, context.Response.StatusCode, detail, context.Request.Path, code, nextStep,
            Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier);
        return context.Response.WriteAsJsonAsync(problem, RestJson.Default.ProblemView, ContentType, CancellationToken.None);
    }
}
