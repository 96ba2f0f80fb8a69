using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Client.Proxies;

namespace Tidegate.Client.Grain;

/// <summary>What a link is opened with.</summary>
public sealed class GrainLinkOptions
{
    /// <summary>Where to discover; shared by all links of a process, which learn from each other's answers.</summary>
    public required DiscoveryAddresses Addresses { get; init; }
    /// <summary>The service's CAs: trusted for discovery and for the link, and nothing else is.</summary>
    public required X509Certificate2Collection CaCertificates { get; init; }
    /// <summary>The gateway's certificate with its private key. Stays the caller's to dispose.</summary>
    public required X509Certificate2 ClientCertificate { get; init; }
    /// <summary>Semantic version of the agent.</summary>
    public required string AgentVersion { get; init; }
    /// <summary>Clock for token renewal and certificate checks.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
    /// <summary>Logs of the link and of Orleans' client.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
    /// <summary>Proxy for discovery and for the link; null to connect directly.</summary>
    public ProxySettings? Proxy { get; init; }
    /// <summary>Limit for discovery, and again for connecting to each silo offered. 1 to 60 s; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>
    /// Limit for one grain call. Default 20 s; more than half of the silo's response timeout, which is how long a streaming
    /// call may stay without an element before it says that it lives.
    /// </summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
