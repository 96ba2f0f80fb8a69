namespace Tidegate.Client.Grain.Agents;

/// <summary>Versions and paths that both ends of the link agree on (<c>docs/protocols/link.md</c>).</summary>
public static class LinkWire
{
    /// <summary>The wire layout spoken by this build: Orleans 10.4's frames inside TLS 1.3. The guard is chosen by it (M1.11).</summary>
    public const int Version = 1;
    /// <summary>Path of the discovery call on the agents' listener.</summary>
    public const string DiscoveryPath = "/agent/v1/link/discovery";
    /// <summary>Path of the renewal of a gateway's certificate, there.</summary>
    public const string RenewalPath = "/agent/v1/certificate/renew";
}
