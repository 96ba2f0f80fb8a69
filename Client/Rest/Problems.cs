using System.Net;
using System.Text.Json;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Rest;

/// <summary>Turns refused answers and broken connections into <see cref="TidegateException"/> (<c>docs/protocols/rest.md</c>, Errors).</summary>
public static class Problems
{
    private const int MaxProblemBytes = 64 * 1024;

    /// <summary>The error that an unsuccessful answer stands for. Answers of proxies, which carry no code, are told by their status.</summary>
    public static async Task<TidegateException> FromResponseAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(response);
        var problem = await ReadAsync(response, cancellationToken);
        var code = string.IsNullOrEmpty(problem?.Code) ? CodeOf(response.StatusCode) : problem.Code;
        var what = problem?.Detail ?? problem?.Title
            ?? $"{response.RequestMessage?.RequestUri?.Authority} answered {(int)response.StatusCode} {response.ReasonPhrase}.";
        if (code == ErrorCodes.Internal && problem?.TraceId is { Length: > 0 } trace && !what.Contains(trace, StringComparison.Ordinal)) what += $" (trace {trace})";
        return new TidegateException(code, what, problem?.NextStep);
    }

    /// <summary>The error for a request that got no answer. Transient unless the peer's certificate was refused.</summary>
    public static TidegateException FromConnection(Uri endpoint, HttpRequestException error)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(error);
        if (ProxyException.In(error) is { } proxy) return new TidegateException(ErrorCodes.Unavailable, proxy.Message, proxy.NextStep);
        var (what, next) = error.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => ($"The name '{endpoint.Host}' cannot be resolved.", "Check the address and this machine's name servers."),
            HttpRequestError.ConnectionError => ($"Nothing answers at {endpoint.Authority}: {error.Message}", "Check that the service runs and that a firewall lets this machine connect out."),
            HttpRequestError.SecureConnectionError => (
                $"The TLS connection to {endpoint.Authority} was refused: {(error.InnerException ?? error).Message}",
                "Check that the CA file is the one this service wrote, and that the address is a name in its certificate."),
            _ => ($"The connection to {endpoint.Authority} broke: {error.Message}", "Try again."),
        };
        return new TidegateException(ErrorCodes.Unavailable, what, next);
    }

    private static async Task<ProblemView?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json")) return null;
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxProblemBytes, cancellationToken);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync(stream, RestJson.Default.ProblemView, cancellationToken);
        }
        catch (Exception error) when (error is JsonException or HttpRequestException or IOException)
        {
            return null;
        }
    }

    private static string CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => ErrorCodes.InvalidArgument,
        HttpStatusCode.Unauthorized => ErrorCodes.Unauthenticated,
        HttpStatusCode.Forbidden => ErrorCodes.Forbidden,
        HttpStatusCode.NotFound => ErrorCodes.NotFound,
        HttpStatusCode.Conflict => ErrorCodes.InvalidState,
        HttpStatusCode.TooManyRequests => ErrorCodes.RateLimited,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => ErrorCodes.Unavailable,
        _ => ErrorCodes.Internal,
    };
}
