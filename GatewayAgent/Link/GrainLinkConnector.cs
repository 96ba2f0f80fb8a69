using Tidegate.Client.Grain;
using Tidegate.Client.Proxies;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Link;

/// <summary>Connects by discovery and one mutually authenticated connection (<c>docs/protocols/link.md</c>), with the activated credential.</summary>
internal sealed class GrainLinkConnector : ILinkConnector
{
    private readonly GatewayCredential _credential;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly DiscoveryAddresses _addresses;
    private readonly ProxySettings? _proxy;

    public GrainLinkConnector(Uri service, AddressFile file, GatewayCredential credential, ProxySettings? proxy, TimeProvider time, ILoggerFactory loggers)
    {
        (_credential, _proxy, _time, _loggers) = (credential, proxy, time, loggers);
        _addresses = new DiscoveryAddresses(service, file.Load());
        _addresses.LearnedMore += (_, _) => file.Save(_addresses.Learned);
    }

    public async Task<ILinkConnection> ConnectAsync(CancellationToken cancellationToken) => new Connection(
        await GrainLink.ConnectAsync(
            new GrainLinkOptions
            {
                Addresses = _addresses,
                CaCertificates = _credential.Authorities,
                ClientCertificate = _credential.Certificate,
                Proxy = _proxy,
                AgentVersion = MachineMetadata.AgentVersion,
                TimeProvider = _time,
                LoggerFactory = _loggers,
            },
            cancellationToken),
        _credential.Customer.GatewayId);

    private sealed class Connection(GrainLink link, string gatewayId) : ILinkConnection
    {
        private readonly IGatewayLinkGrain _grain = link.Client.GetGrain<IGatewayLinkGrain>(gatewayId);
        private IGatewayObserver? _observer;
        private IGatewayObserver? _reference;

        public string ClientId => link.ClientId;

        public string Endpoint => link.Endpoint.Dial;

        public Task Lost => link.Lost;

        public IAsyncEnumerable<LinkFrame> Open(LinkHello hello, CancellationToken cancellationToken) => _grain.Open(hello, cancellationToken);

        public Task RegisterAsync(IGatewayObserver observer, long generation)
        {
            // Orleans keeps a weak reference to the observer alone; this connection keeps both.
            if (!ReferenceEquals(_observer, observer)) (_observer, _reference) = (observer, link.Client.CreateObjectReference<IGatewayObserver>(observer));
            return _grain.Register(_reference!, generation);
        }

        public Task HeartbeatAsync(LinkHeartbeat heartbeat) => _grain.Heartbeat(heartbeat);

        public Task ReportAsync(RequestReport report) => _grain.Report(report);

        public IVolumeDataGrain GetVolume(string volumeId) => link.Client.GetGrain<IVolumeDataGrain>(volumeId);

        public ValueTask DisposeAsync() => link.DisposeAsync();
    }
}
