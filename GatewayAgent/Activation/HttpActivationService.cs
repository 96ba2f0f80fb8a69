using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>The activation endpoints over HTTPS with the pinned CA (M3.4, <c>docs/protocols/activation.md</c>). One attempt a call; the runner repeats.</summary>
internal sealed class HttpActivationService : IActivationService, IDisposable
{
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(15);
    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public HttpActivationService(Uri service, HttpMessageHandler handler, TimeProvider time)
    {
        _http = new HttpClient(handler) { BaseAddress = service, Timeout = Timeout.InfiniteTimeSpan };
        _time = time;
    }

    public Task<ActivationSessionReply> OpenSessionAsync(ActivationSessionRequest request, CancellationToken cancellationToken) =>
        PostAsync("/agent/v1/activation/sessions", request, ActivationJson.Default.ActivationSessionRequest, ActivationJson.Default.ActivationSessionReply, cancellationToken);

    public Task<ActivationPollReply> PollAsync(ActivationPollRequest request, CancellationToken cancellationToken) =>
        PostAsync("/agent/v1/activation/poll", request, ActivationJson.Default.ActivationPollRequest, ActivationJson.Default.ActivationPollReply, cancellationToken);

    public Task<ActivationCertificateReply> RequestCertificateAsync(ActivationCertificateRequest request, CancellationToken cancellationToken) =>
        PostAsync("/agent/v1/activation/certificate", request, ActivationJson.Default.ActivationCertificateRequest, ActivationJson.Default.ActivationCertificateReply, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task<TReply> PostAsync<TRequest, TReply>(
        string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TReply> replyType, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AttemptTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await _http.PostAsJsonAsync(path, request, requestType, linked.Token);
            if (!response.IsSuccessStatusCode) throw await Problems.FromResponseAsync(response, linked.Token);
            return await response.Content.ReadFromJsonAsync(replyType, linked.Token) ?? throw new JsonException("the body is null");
        }
        catch (HttpRequestException error)
        {
            throw Problems.FromConnection(_http.BaseAddress!, error);
        }
        catch (JsonException error)
        {
            throw new TidegateException(ErrorCodes.Internal, $"The answer of {_http.BaseAddress} to {path} is not understood: {error.Message}", "Check that --service is the agents' address.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TidegateException(ErrorCodes.Unavailable, $"{_http.BaseAddress} did not answer within {AttemptTimeout.TotalSeconds:0} s.");
        }
    }
}
