using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Link;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>What an agent's process is put together from; tests put in their own.</summary>
internal sealed class AgentParts
{
    /// <summary>
    /// Makes the volumes. Their blobs come from servers of the given CAs, which may change; the link is whichever is open when they call; the
    /// URIs of an export come from the NBD server.
    /// </summary>
    public required Func<Func<X509Certificate2Collection>, LinkHolder, Func<string, IReadOnlyList<string>>, IVolumeHost> CreateVolumes { get; init; }

    /// <summary>The activation endpoints.</summary>
    public required Func<IActivationService> CreateActivationService { get; init; }

    /// <summary>The way to the service, with the credential that activation or a renewal brought.</summary>
    public required Func<CredentialKeeper, ILinkConnector> CreateConnector { get; init; }

    /// <summary>Where certificates are renewed: by the way to the service.</summary>
    public required Func<ILinkConnector, ICertificateService> CreateCertificateService { get; init; }

    /// <summary>Settings of the NBD server.</summary>
    public required NbdServerOptions Nbd { get; init; }

    /// <summary>What the page adds to a support bundle.</summary>
    public required Func<DiagnosticsDocument> Diagnostics { get; init; }
}
