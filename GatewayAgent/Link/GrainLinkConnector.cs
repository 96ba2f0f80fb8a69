using Tidegate.Client.Grain;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Link;

/// <summary>Connects by discovery and one mutually authenticated connection (<c>docs/protocols/link.md</c>), with the activated credential.</summary>
internal sealed class GrainLinkConnector(Uri service, GatewayCredential credential, TimeProvider time, ILoggerFactory loggers) : ILinkConnector
{
    private readonly DiscoveryAddresses _addresses = new(service);

    public async Task<ILinkConnection> ConnectAsync(CancellationToken cancellationToken) => new Connection(
        await GrainLink.ConnectAsync(
            new GrainLinkOptions
            {
                Addresses = _addresses,
                CaCertificates = credential.Authorities,
                ClientCertificate = credential.Certificate,
                AgentVersion = MachineMetadata.AgentVersion,
                TimeProvider = time,
                LoggerFactory = loggers,
            },
            cancellationToken),
        credential.Customer.GatewayId);

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
