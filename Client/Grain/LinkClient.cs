using System.Net;
using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Messaging;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Proxies;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Grain;

/// <summary>
/// One Orleans client for one connection to one silo. Its id exists first, because discovery binds the token to it; where
/// it connects is said afterwards by <see cref="ConnectAsync"/>, once.
/// </summary>
internal sealed class LinkClient : IAsyncDisposable
{
    private static readonly TimeSpan _stopTimeout = TimeSpan.FromSeconds(2);
    private readonly GrainLinkOptions _options;
    private readonly ServiceProvider _services;
    private LinkDiscoveryReply? _discovered;
    private LinkConnectionFactory? _connections;
    private SingleGateway? _gateway;
    private bool _started;

    /// <param name="options">Trust, certificate and limits.</param>
    /// <param name="clientId">The Orleans client id; null for a fresh one of the gateway that the certificate names.</param>
    public LinkClient(GrainLinkOptions options, string? clientId = null)
    {
        _options = options;
        _services = BuildServices();
        ClientId = clientId ?? LinkClientId.New(options.ClientCertificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        SetClientId(_services, ClientId);
    }

    /// <summary>The Orleans client id.</summary>
    public string ClientId { get; }

    /// <summary>The token source; there is one as soon as connecting has begun.</summary>
    public LinkTokenSource? Tokens { get; private set; }

    /// <summary>Completes when the connection has ended.</summary>
    public Task Lost => _connections!.Lost;

    /// <summary>The Orleans client.</summary>
    public IClusterClient Cluster => _services.GetRequiredService<IClusterClient>();

    /// <summary>Connects to the endpoint. Throws <see cref="TidegateException"/> <c>Unavailable</c> when it cannot be reached; the client is then of no more use.</summary>
    public async Task ConnectAsync(LinkDiscoveryReply discovered, LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (!IPEndPoint.TryParse(endpoint.Advertised, out var advertised)) throw Misconfigured($"the advertised address '{endpoint.Advertised}' is not 'address:port'");
        if (!Uri.TryCreate($"tcp://{endpoint.Dial}", UriKind.Absolute, out var dial) || dial.Port <= 0) throw Misconfigured($"the dialled address '{endpoint.Dial}' is not 'host:port'");
        _discovered = discovered;
        _gateway = new SingleGateway(advertised);
        _connections = new LinkConnectionFactory(advertised, new DnsEndPoint(dial.IdnHost.Trim('[', ']'), dial.Port),
            CertificateTrust.CreateClientOptions(_options.CaCertificates, endpoint.ServerName, _options.ClientCertificate, _options.TimeProvider),
            new Dialler(_options.Proxy, Dialler.Within(_options.ConnectTimeout), _options.TimeProvider));
        Tokens = new LinkTokenSource(discovered, _options.TimeProvider, _options.LoggerFactory.CreateLogger<LinkTokenSource>());
        using var limit = new CancellationTokenSource(_options.ConnectTimeout, _options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            foreach (var service in _services.GetServices<IHostedService>()) await service.StartAsync(linked.Token).WaitAsync(linked.Token);
            _started = true;
        }
        catch (Exception error) when (error is not TidegateException && !cancellationToken.IsCancellationRequested)
        {
            var reason = _connections.Failure ?? error;
            throw new TidegateException(ErrorCodes.Unavailable,
                $"No link to {endpoint.Dial}: {(reason is OperationCanceledException ? $"not ready within {_options.ConnectTimeout.TotalSeconds:0} s" : reason.Message)}",
                ProxyException.In(reason)?.NextStep ?? "It is tried again. Check that a firewall lets this machine connect to that address.");
        }
    }

    /// <summary>Stops within two seconds, whether or not the other side still answers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_started)
        {
            using var limit = new CancellationTokenSource(_stopTimeout);
            // A client that has lost its connection cannot say goodbye: what is left is closed below.
            foreach (var service in _services.GetServices<IHostedService>().Reverse())
                await service.StopAsync(limit.Token).WaitAsync(_stopTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        _connections?.Dispose();
        await _services.DisposeAsync();
    }

    private ServiceProvider BuildServices()
    {
        var services = new ServiceCollection();
        services.AddSingleton(_options.LoggerFactory);
        services.AddLogging();
        services.AddOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = _discovered!.ClusterId;
                cluster.ServiceId = _discovered.ServiceId;
            });
            client.Configure<ClientMessagingOptions>(messaging =>
            {
                messaging.ResponseTimeout = _options.ResponseTimeout;
                // Nothing of an agent's depends on its own address, and looking for one fails on machines without a network.
                messaging.LocalAddress = IPAddress.Loopback;
            });
            client.Configure<ConnectionOptions>(connection => connection.OpenConnectionTimeout = _options.ConnectTimeout);
        });
        services.AddSingleton<IGatewayListProvider>(_ => _gateway!);
        services.AddSingleton<IOutgoingGrainCallFilter>(_ => Tokens!);
        // Orleans looks its socket factory up by a key that is private to it: the last one registered under it wins.
        var key = services.Last(static service => service.IsKeyedService && service.ServiceType == typeof(IConnectionFactory)).ServiceKey;
        services.AddKeyedSingleton<IConnectionFactory>(key, (_, _) => _connections!);
        return services.BuildServiceProvider();
    }

    /// <summary>
    /// Orleans makes the id itself, in a type that it keeps to itself; ours names the gateway. The version is pinned, and the cluster
    /// tests fail when a later one moves it.
    /// </summary>
    private static void SetClientId(ServiceProvider services, string clientId)
    {
        var details = typeof(ClusterOptions).Assembly.GetType("Orleans.LocalClientDetails", throwOnError: true)!;
        var property = details.GetProperty("ClientId")!;
        var id = property.PropertyType.GetMethod("Create", [typeof(string)])!.Invoke(null, [clientId]);
        details.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(services.GetRequiredService(details), id);
    }

    private static TidegateException Misconfigured(string what) =>
        new(ErrorCodes.Unavailable, $"Discovery offers a silo that cannot be used: {what}.", "Correct the link addresses in the service's configuration.");
}
