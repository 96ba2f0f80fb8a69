using System.Net;
using Tidegate.Client.Proxies;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Options;

/// <summary>What an agent runs with, checked (<see cref="AgentOptionsReader"/>). Set by command line, environment and file, in this order of precedence.</summary>
internal sealed record AgentOptions
{
    /// <summary>Name of the volumes' directory in the state directory.</summary>
    public const string VolumesFolder = "volumes";

    /// <summary><c>State</c>: directory of identity, volumes and requests; created when it is missing.</summary>
    public required string StateDirectory { get; init; }

    /// <summary><c>Service</c>: the service's address for agents, <c>https://host:port</c>.</summary>
    public required Uri Service { get; init; }

    /// <summary><c>Ca</c>: PEM file of the CAs that the service is known by before activation brings the lasting ones.</summary>
    public required string CaFile { get; init; }

    /// <summary><c>Nbd</c>: where volumes are served, <c>ADDRESS:PORT</c> or <c>unix:PATH</c> with their modes of TLS; default 127.0.0.1:10809.</summary>
    public required IReadOnlyList<NbdListenAddress> Nbd { get; init; }

    /// <summary><c>NbdCertificate</c>, <c>NbdKey</c>, <c>NbdClientCa</c>, <c>NbdClientRevocations</c>: what NBD by TLS is set up from; none by default.</summary>
    public NbdTlsFiles? NbdTls { get; init; }

    /// <summary><c>NbdAccess</c>: which clients may use which exports; null, the default, lets every client that is let in use all.</summary>
    public NbdAccess? NbdAccess { get; init; }

    /// <summary>What the agent may use of the uplink, whatever the service configures; no bounds by default.</summary>
    public UplinkOptions Uplink { get; init; } = new();

    /// <summary><c>Proxy</c>, <c>NoProxy</c>: what outgoing connections are tunnelled through; null for none.</summary>
    public ProxySettings? Proxy { get; init; }

    /// <summary><c>Local</c>: where the local page is, <c>ADDRESS:PORT</c>; default 127.0.0.1:8810.</summary>
    public required IPEndPoint Local { get; init; }

    /// <summary><c>Console</c>: where the activation page sends browsers; null for where the service says.</summary>
    public Uri? Console { get; init; }

    /// <summary><c>ReadyFile</c>: JSON file that tells other programs where everything is; none by default.</summary>
    public string? ReadyFile { get; init; }

    /// <summary><c>StopGraceSeconds</c>: time for draining and syncing at the end; default 60, range 1 to 3600.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>AbsentWaitSeconds</c>: how long a host's access to bytes that are not restored yet waits for the service, before it gets EIO; default 30, range 1 to 3600.</summary>
    public TimeSpan AbsentWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>SnapshotHooks</c>: what brings applications to rest around a snapshot; none by default.</summary>
    public HookOptions Hooks { get; init; } = HookOptions.None;

    /// <summary><c>PassThroughFillPercent</c>, <c>PassThroughStallSeconds</c>, <c>PassThroughHours</c>: when writes go past the log; null for the defaults.</summary>
    public PassThroughLimits? PassThrough { get; init; }

    /// <summary><c>FillsAtOnce</c>: fills that volumes which bootstrap or catch up may have in memory at once; default 4, range 1 to 64.</summary>
    public int FillsAtOnce { get; init; } = VolumeOptions.DefaultFillsAtOnce;

    /// <summary><c>AdoptFrom</c>: directories whose raw images and block devices volumes may be made of; none by default.</summary>
    public IReadOnlyList<string> AdoptFrom { get; init; } = [];

    public string IdentityDirectory => Path.Combine(StateDirectory, "identity");

    public string VolumesDirectory => Path.Combine(StateDirectory, VolumesFolder);

    public string RequestsDirectory => Path.Combine(StateDirectory, "requests");

    /// <summary>Notes of freezes under way.</summary>
    public string HooksDirectory => Path.Combine(StateDirectory, "hooks");

    /// <summary>What the link has learned of the service.</summary>
    public string LinkDirectory => Path.Combine(StateDirectory, "link");
}
