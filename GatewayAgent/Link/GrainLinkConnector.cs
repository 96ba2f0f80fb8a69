using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Proxies;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Link;

/// <summary>Connects by discovery and one mutually authenticated connection (<c>docs/protocols/link.md</c>), with the gateway's credential, and renews that.</summary>
internal sealed class GrainLinkConnector : ILinkConnector, ICertificateService
{
    private static readonly TimeSpan RenewalTimeout = TimeSpan.FromSeconds(15);

    private readonly CredentialKeeper _credentials;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly DiscoveryAddresses _addresses;
    private readonly ProxySettings? _proxy;

    public GrainLinkConnector(Uri service, AddressFile file, CredentialKeeper credentials, ProxySettings? proxy, TimeProvider time, ILoggerFactory loggers)
    {
        (_credentials, _proxy, _time, _loggers) = (credentials, proxy, time, loggers);
        _addresses = new DiscoveryAddresses(service, file.Load());
        _addresses.LearnedMore += (_, _) => file.Save(_addresses.Learned);
    }

    public async Task<ILinkConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var (credential, authorities) = (_credentials.ForNextLink, _credentials.Authorities);
        try
        {
            var link = await GrainLink.ConnectAsync(
                new GrainLinkOptions
                {
                    Addresses = _addresses,
                    CaCertificates = authorities,
                    ClientCertificate = credential.Certificate,
                    Proxy = _proxy,
                    AgentVersion = MachineMetadata.AgentVersion,
                    TimeProvider = _time,
                    LoggerFactory = _loggers,
                },
                cancellationToken);
            return new Connection(link, credential, authorities, _credentials);
        }
        catch (TidegateException error) when (LinkFailures.IsRefusal(error))
        {
            _credentials.Refused(credential);
            throw;
        }
    }

    public async Task WhenRenewedAsync(ILinkConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _credentials.WhenChanged;
            var made = (Connection)connection;
            if (!ReferenceEquals(_credentials.ForNextLink, made.Credential) || !ReferenceEquals(_credentials.Authorities, made.Authorities)) return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    public async Task<string> RenewAsync(GatewayCredential credential, byte[] certificateRequest, CancellationToken cancellationToken)
    {
        using var service = new LinkDiscovery(_addresses, _credentials.Authorities, credential.Certificate, RenewalTimeout, _time, _proxy);
        return (await service.RenewCertificateAsync(new CertificateRenewalRequest(certificateRequest), cancellationToken)).CertificatePem;
    }

    private sealed class Connection(GrainLink link, GatewayCredential credential, X509Certificate2Collection authorities, CredentialKeeper credentials) : ILinkConnection
    {
        public GatewayCredential Credential => credential;

        public X509Certificate2Collection Authorities => authorities;

        private readonly IGatewayLinkGrain _grain = link.Client.GetGrain<IGatewayLinkGrain>(credential.Customer.GatewayId);
        private IGatewayObserver? _observer;
        private IGatewayObserver? _reference;

        public string ClientId => link.ClientId;

        public string Endpoint => link.Endpoint.Dial;

        public Task Lost => link.Lost;

        public Task TrustAsync(string authoritiesPem, long generation) => _grain.TrustStored(generation, credentials.Trust(authoritiesPem));

        public void Accepted() => credentials.Accepted(credential);

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
