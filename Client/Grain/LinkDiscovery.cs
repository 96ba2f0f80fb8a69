using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Grain;

/// <summary>
/// Asks the service where to open the link and for a token, over mutual TLS (<c>docs/protocols/link.md</c>, discovery).
/// Errors are <see cref="TidegateException"/>: <c>Unauthenticated</c> or <c>Forbidden</c> when the certificate is not
/// accepted (revoked, expired, unknown), <c>Unavailable</c> when nothing answers.
/// </summary>
public sealed class LinkDiscovery : IDisposable
{
    private readonly Uri _service;
    private readonly HttpClient _http;

    /// <summary>A client for the agents' listener at <paramref name="service"/>; the certificate carries its private key.</summary>
    public LinkDiscovery(Uri service, X509Certificate2Collection caCertificates, X509Certificate2 clientCertificate, TimeSpan timeout, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(service);
        _service = service;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            SslOptions = CertificateTrust.CreateClientOptions(caCertificates, service.Host, clientCertificate, time),
        };
        _http = new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = 64 * 1024 };
    }

    /// <summary>One discovery. The answer holds at least one endpoint.</summary>
    public async Task<LinkDiscoveryReply> DiscoverAsync(LinkDiscoveryRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var content = JsonContent.Create(request, LinkJson.Default.LinkDiscoveryRequest);
            using var response = await _http.PostAsync(new Uri(_service, LinkWire.DiscoveryPath), content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw await Problems.FromResponseAsync(response, cancellationToken);
            var reply = await response.Content.ReadFromJsonAsync(LinkJson.Default.LinkDiscoveryReply, cancellationToken);
            return reply is { Endpoints.Count: > 0, Token.Length: > 0 }
                ? reply
                : throw new TidegateException(ErrorCodes.Unavailable, $"{_service.Authority} offers no silo to link to.", "Try again.");
        }
        catch (HttpRequestException error)
        {
            throw Problems.FromConnection(_service, error);
        }
        catch (JsonException error)
        {
            throw new TidegateException(ErrorCodes.Internal, $"The discovery answer of {_service.Authority} is not understood: {error.Message}",
                "Check that the address is the agents' listener of a Tidegate service and that this agent is not too old.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TidegateException(ErrorCodes.Unavailable, $"{_service.Authority} did not answer within {_http.Timeout.TotalSeconds:0} s.", "Try again.");
        }
    }

    /// <summary>Closes its connections.</summary>
    public void Dispose() => _http.Dispose();
}
