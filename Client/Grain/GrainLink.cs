using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Client.Grain;

/// <summary>
/// One open link to the service: an Orleans client on one mutually authenticated TLS connection to one silo, whose calls
/// carry a current token (<c>docs/protocols/link.md</c>; M1.2, M3.4, M3.5). A link that is lost stays lost: its owner
/// disposes it and connects anew, possibly to another silo.
/// </summary>
public sealed class GrainLink : IAsyncDisposable
{
    private readonly LinkClient _client;
    private readonly LinkDiscovery _discovery;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _renewal;
    private int _disposed;

    private GrainLink(LinkClient client, LinkDiscovery discovery, LinkDiscoveryRequest request, LinkEndpoint endpoint)
    {
        _client = client;
        _discovery = discovery;
        Endpoint = endpoint;
        _renewal = client.Tokens!.RenewAsync(cancellation => discovery.DiscoverAsync(request, cancellation), _stopping.Token);
        Lost = Task.WhenAny(client.Lost, _renewal);
    }

    /// <summary>Calls grains and makes observer references. Hold observers strongly: Orleans does not.</summary>
    public IClusterClient Client => _client.Cluster;

    /// <summary>The Orleans client id of this link; goes into <see cref="LinkHello.ClientId"/>.</summary>
    public string ClientId => _client.ClientId;

    /// <summary>The silo that the link leads to.</summary>
    public LinkEndpoint Endpoint { get; }

    /// <summary>Completes, never failing, when the connection has ended or the service refuses the gateway. Calls made afterwards fail.</summary>
    public Task Lost { get; }

    /// <summary>
    /// Discovers and connects, trying the silos offered in turn, each once. Throws <see cref="TidegateException"/>: <c>Unauthenticated</c>
    /// or <c>Forbidden</c> when the certificate is not accepted, <c>Unavailable</c> when no silo can be reached.
    /// </summary>
    public static async Task<GrainLink> ConnectAsync(GrainLinkOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var discovery = new LinkDiscovery(options.Addresses, options.CaCertificates, options.ClientCertificate, options.ConnectTimeout, options.TimeProvider, options.Proxy);
        try
        {
            var tried = new HashSet<string>(StringComparer.Ordinal);
            TidegateException? unreachable = null;
            while (true)
            {
                // A client connects once; the next try has its own, and with it an id and a token of its own.
                var client = new LinkClient(options);
                LinkEndpoint? endpoint = null;
                try
                {
                    var request = new LinkDiscoveryRequest(client.ClientId, LinkWire.Version, options.AgentVersion);
                    var reply = await discovery.DiscoverAsync(request, cancellationToken);
                    endpoint = reply.Endpoints.FirstOrDefault(offered => !tried.Contains(offered.Advertised)) ?? throw unreachable!;
                    tried.Add(endpoint.Advertised);
                    await client.ConnectAsync(reply, endpoint, cancellationToken);
                    return new GrainLink(client, discovery, request, endpoint);
                }
                catch (Exception error)
                {
                    await client.DisposeAsync();
                    // Only a silo that could not be reached lets the next one have its turn.
                    if (endpoint is null || error is not TidegateException { IsTransient: true } failed) throw;
                    unreachable = failed;
                }
            }
        }
        catch
        {
            discovery.Dispose();
            throw;
        }
    }

    /// <summary>Ends the link. Quick whether or not the other side still answers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopping.CancelAsync();
        await _renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _client.DisposeAsync();
        _discovery.Dispose();
        _stopping.Dispose();
    }
}
