using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Grain;

/// <summary>
/// Asks the service where to open the link and for a token, and for the certificate's successor, over mutual TLS (<c>docs/protocols/link.md</c>, discovery).
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
    public Task<LinkDiscoveryReply> DiscoverAsync(LinkDiscoveryRequest request, CancellationToken cancellationToken) => AtFirstAsync(
        async service =>
        {
            var reply = await AskAsync(
                service, LinkWire.DiscoveryPath, request, LinkJson.Default.LinkDiscoveryRequest, LinkJson.Default.LinkDiscoveryReply,
                static answer => answer is { Endpoints.Count: > 0, Token.IsEmpty: false }, "offers no silo to link to", cancellationToken);
            addresses.Answered(service, reply);
            return reply;
        });

    /// <summary>
    /// Asks for the successor of the client certificate, at the first address that answers. <c>InvalidState</c> when it is too early. May be
    /// repeated: the same key gets the same certificate.
    /// </summary>
    public Task<CertificateRenewalReply> RenewCertificateAsync(CertificateRenewalRequest request, CancellationToken cancellationToken) => AtFirstAsync(
        service => AskAsync(
            service, LinkWire.RenewalPath, request, LinkJson.Default.CertificateRenewalRequest, LinkJson.Default.CertificateRenewalReply,
            static answer => answer.CertificatePem.Length > 0, "issued no certificate", cancellationToken));

    /// <summary>Closes its connections.</summary>
    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }

    private async Task<T> AtFirstAsync<T>(Func<Uri, Task<T>> ask)
    {
        TidegateException? unavailable = null;
        foreach (var service in addresses.InOrder)
        {
            try
            {
                return await ask(service);
            }
            catch (TidegateException error) when (error.IsTransient)
            {
                // The first address is the one to tell of: it is the configured one, or it used to answer.
                unavailable ??= error;
            }
        }
        throw unavailable!;
    }

    private async Task<TReply> AskAsync<TRequest, TReply>(
        Uri service, string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TReply> replyType, Func<TReply, bool> isWhole, string otherwise,
        CancellationToken cancellationToken)
        where TReply : class
    {
        try
        {
            using var content = JsonContent.Create(request, requestType);
            using var response = await _clients.GetOrAdd(service, CreateClient).PostAsync(new Uri(service, path), content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw await Problems.FromResponseAsync(response, cancellationToken);
            var reply = await response.Content.ReadFromJsonAsync(replyType, cancellationToken);
            return reply is not null && isWhole(reply) ? reply : throw new TidegateException(ErrorCodes.Unavailable, $"{service.Authority} {otherwise}.", "Try again.");
        }
        catch (HttpRequestException error)
        {
            throw Problems.FromConnection(service, error);
        }
        catch (JsonException error)
        {
            throw new TidegateException(ErrorCodes.Internal, $"The answer of {service.Authority} to {path} is not understood: {error.Message}",
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
