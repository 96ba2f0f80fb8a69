using System.Net;

namespace Tidegate.Silo.Link;

/// <summary>How agents reach this silo's guarded port (<c>docs/protocols/link.md</c>, discovery).</summary>
public sealed record LinkSettings
{
    /// <summary>The gateway endpoint that Orleans advertises; with an address that is no wildcard.</summary>
    public required IPEndPoint Advertised { get; init; }

    /// <summary><c>host:port</c> that agents dial; null for the advertised one. Behind a balancer: the balancer's route to this very silo.</summary>
    public string? Dial { get; init; }

    /// <summary>The name that agents expect in the port's certificate; null for the host they dial.</summary>
    public string? ServerName { get; init; }

    /// <summary>Names and addresses in the port's certificate, besides the loopback ones and the host that agents dial.</summary>
    public IReadOnlyList<string> CertificateNames { get; init; } = [];

    /// <summary>What agents dial.</summary>
    internal string EffectiveDial => Dial ?? Advertised.ToString();

    /// <summary>What agents compare the certificate with.</summary>
    internal string EffectiveServerName => ServerName ?? new Uri($"tcp://{EffectiveDial}").IdnHost;
}
