using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Link;

/// <summary>A connection to the service, over which the gateway's link is held and its volumes' data calls are made.</summary>
internal interface ILinkConnection : IAsyncDisposable
{
    /// <summary>The connection's client id; the link's hello repeats it.</summary>
    string ClientId { get; }

    /// <summary>Address of the server, for people.</summary>
    string Endpoint { get; }

    /// <summary>Completes, never failing, when the connection has ended.</summary>
    Task Lost { get; }

    /// <summary>The service has accepted a link over it: the credential that it was made with is in use from now on. Durable when it returns.</summary>
    void Accepted();

    /// <summary>Stores the service's CAs durably, as those that are trusted from now on, and tells the service.</summary>
    Task TrustAsync(string authoritiesPem, long generation);

    /// <summary>The link's frames; the enumeration is the link.</summary>
    IAsyncEnumerable<LinkFrame> Open(LinkHello hello, CancellationToken cancellationToken);

    /// <summary>Registers the observer, which the caller holds strongly.</summary>
    Task RegisterAsync(IGatewayObserver observer, long generation);

    Task HeartbeatAsync(LinkHeartbeat heartbeat);

    Task ReportAsync(RequestReport report);

    /// <summary>The volume's data grain, by a reference that works while this connection does.</summary>
    IVolumeDataGrain GetVolume(string volumeId);
}
