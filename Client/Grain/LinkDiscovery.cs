using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Grain;

/// <summary>
/// Asks the service where to open the link and for a token, over mutual TLS (<c>docs/protocols/link.md</c>, discovery).
/// Errors are <see cref="TidegateException"/>: <c>Unauthenticated</c> or <c>Forbidden</c> when the certificate is not
/// accepted (revoked, expired, unknown), <c>Unavailable</c> when nothing answers at any address.
/// </summary>
public sealed class LinkDiscovery(
    DiscoveryAddresses addresses, X509Certificate2Collection caCertificates, X509Certificate2 clientCertificate, TimeSpan timeout, TimeProvider time,
    ProxySettings? proxy = null) : IDisposable
{
    private readonly ConcurrentDictionary<Uri, HttpClient> _clients = new();
    private readonly Dialler _dialler = new(proxy, Dialler.Within(timeout), time);

    /// <summary>One discovery, at the first address that answers. The answer holds at least one endpoint.</summary>
    public async Task<LinkDiscoveryReply> DiscoverAsync(LinkDiscoveryRequest request, CancellationToken cancellationToken)
    {
        TidegateException? unavailable = null;
        foreach (var service in addresses.InOrder)
        {
            try
            {
                var reply = await AskAsync(service, request, cancellationToken);
                addresses.Answered(service, reply);
                return reply;
            }
            catch (TidegateException error) when (error.IsTransient)
            {
                // The first address is the one to tell of: it is the configured one, or it used to answer.
                unavailable ??= error;
            }
        }
        throw unavailable!;
    }

    /// <summary>Closes its connections.</summary>
    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }

    private async Task<LinkDiscoveryReply> AskAsync(Uri service, LinkDiscoveryRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var content = JsonContent.Create(request, LinkJson.Default.LinkDiscoveryRequest);
            using var response = await _clients.GetOrAdd(service, CreateClient).PostAsync(new Uri(service, LinkWire.DiscoveryPath), content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw await Problems.FromResponseAsync(response, cancellationToken);
            var reply = await response.Content.ReadFromJsonAsync(LinkJson.Default.LinkDiscoveryReply, cancellationToken);
            return reply is { Endpoints.Count: > 0, Token.IsEmpty: false }
                ? reply
                : throw new TidegateException(ErrorCodes.Unavailable, $"{service.Authority} offers no silo to link to.", "Try again.");
        }
        catch (HttpRequestException error)
        {
            throw Problems.FromConnection(service, error);
        }
        catch (JsonException error)
        {
            throw new TidegateException(ErrorCodes.Internal, $"The discovery answer of {service.Authority} is not understood: {error.Message}",
                "Check that the address is the agents' listener of a Tidegate service and that this agent is not too old.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TidegateException(ErrorCodes.Unavailable, $"{service.Authority} did not answer within {timeout.TotalSeconds:0} s.", "Try again.");
        }
    }

    private HttpClient CreateClient(Uri service) => new(_dialler.AttachTo(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        SslOptions = CertificateTrust.CreateClientOptions(caCertificates, service.Host, clientCertificate, time),
    }))
    {
        Timeout = timeout,
        MaxResponseContentBufferSize = 64 * 1024,
    };
}
