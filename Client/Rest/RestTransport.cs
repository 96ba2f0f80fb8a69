using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Rest;

/// <summary>
/// Sends one API call: attempts with limits, retries of what may be repeated, errors by name. An attempt that may have
/// reached the service is repeated only for calls whose repetition is harmless.
/// </summary>
internal sealed class RestTransport(RestClientOptions options, HttpMessageHandler handler, TimeProvider time) : IDisposable
{
    private const string IdempotencyHeader = "Idempotency-Key";
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Sends a call with a body and reads the answer.</summary>
    public Task<TReply> SendAsync<TBody, TReply>(
        RestCall call, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TReply> replyType, CancellationToken cancellationToken) =>
        SendAsync(call, () => JsonContent.Create(body, bodyType), replyType, cancellationToken);

    /// <summary>Sends a call without a body and reads the answer.</summary>
    public Task<TReply> SendAsync<TReply>(RestCall call, JsonTypeInfo<TReply> replyType, CancellationToken cancellationToken) =>
        SendAsync(call, static () => null, replyType, cancellationToken);

    /// <summary>Sends a call whose answer has no body.</summary>
    public async Task SendAsync(RestCall call, CancellationToken cancellationToken)
    {
        using var response = await SendWithRetriesAsync(call, static () => null, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<TReply> SendAsync<TReply>(
        RestCall call, Func<HttpContent?> content, JsonTypeInfo<TReply> replyType, CancellationToken cancellationToken)
    {
        using var response = await SendWithRetriesAsync(call, content, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync(replyType, cancellationToken)
                ?? throw new JsonException("the body is null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new TidegateException(
                ErrorCodes.Internal,
                $"The answer of {options.Endpoint.Authority} to {call.Method} {call.Path} is not understood: {error.Message}",
                "Check that the address is a Tidegate API and that this client is not older than two minor releases.");
        }
    }

    private async Task<HttpResponseMessage> SendWithRetriesAsync(RestCall call, Func<HttpContent?> content, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (response, failure, mayRetry, retryAfter) = await AttemptAsync(call, content, cancellationToken);
            if (response is not null) return response;
            if (!mayRetry || attempt >= options.MaxAttempts) throw failure!;
            await Task.Delay(retryAfter ?? Backoff.After(attempt, options.RetryDelay, MaxRetryDelay), time, cancellationToken);
        }
    }

    private async Task<AttemptOutcome> AttemptAsync(RestCall call, Func<HttpContent?> content, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.AttemptTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = BuildRequest(call, content());
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, linked.Token);
            if (response.IsSuccessStatusCode) return new AttemptOutcome(response);
            var failure = await Problems.FromResponseAsync(response, linked.Token);
            var retryAfter = RetryAfter(response);
            response.Dispose();
            // A missing or silent gateway is an answer, which the caller wants at once (M1.8); only the service's own trouble is waited out.
            var mayRetry = call.IsRepeatable && failure.Code is (ErrorCodes.Unavailable or ErrorCodes.RateLimited);
            return new AttemptOutcome(null, failure, mayRetry, retryAfter);
        }
        catch (HttpRequestException error)
        {
            response?.Dispose();
            var neverSent = error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError;
            var mayRetry = error.HttpRequestError != HttpRequestError.SecureConnectionError && (neverSent || call.IsRepeatable);
            return new AttemptOutcome(null, Problems.FromConnection(options.Endpoint, error), mayRetry);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            response?.Dispose();
            var failure = new TidegateException(
                ErrorCodes.Unavailable,
                $"{options.Endpoint.Authority} did not answer {call.Method} {call.Path} within {options.AttemptTimeout.TotalSeconds:0} s.",
                "Try again; if it was a change, look first whether it was made.");
            return new AttemptOutcome(null, failure, call.IsRepeatable);
        }
    }

    private HttpRequestMessage BuildRequest(RestCall call, HttpContent? content)
    {
        var request = new HttpRequestMessage(call.Method, new Uri(options.Endpoint, call.Path)) { Content = content };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (options.ApiKey is { IsEmpty: false } key) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Reveal());
        if (call.IdempotencyKey is not null) request.Headers.Add(IdempotencyHeader, call.IdempotencyKey);
        return request;
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? (header?.Date - time.GetUtcNow());
        if (wait is not { } asked) return null;
        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked > MaxRetryAfter ? MaxRetryAfter : asked;
    }

    private readonly record struct AttemptOutcome(
        HttpResponseMessage? Response, TidegateException? Failure = null, bool MayRetry = false, TimeSpan? RetryAfter = null);
}
