using System.Net;

namespace Tidegate.Silo.Options;

/// <summary>Where the silo listens and by what names it is reached. Section <c>Tidegate:Listeners</c>. Port 0 chooses a free one.</summary>
public sealed class ListenerOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Listeners";

    /// <summary>REST API: <c>address:port</c>.</summary>
    public string Api { get; set; } = "127.0.0.1:0";

    /// <summary>Activation, link discovery and data endpoint for agents: <c>address:port</c>.</summary>
    public string Agents { get; set; } = "127.0.0.1:0";

    /// <summary>The guarded port of the link: <c>address:port</c>.</summary>
    public string Link { get; set; } = "127.0.0.1:0";

    /// <summary><c>host:port</c> by which agents reach the <see cref="Link"/> port of this very silo, when a balancer stands before it; empty for the bound address.</summary>
    public string LinkDial { get; set; } = "";

    /// <summary>Port for other silos, on the link's address: 0 to 65535.</summary>
    public int SiloPort { get; set; }

    /// <summary>The console for people: <c>address:port</c>; empty for none.</summary>
    public string Console { get; set; } = "127.0.0.1:0";

    /// <summary>Names and addresses in the server certificates; clients check the one they dial. At least one.</summary>
    public IList<string> HostNames { get; init; } = [];

    /// <summary>URL by which agents reach the <see cref="Agents"/> listener, when a balancer stands before it; empty for the bound address.</summary>
    public string AgentsUrl { get; set; } = "";

    /// <summary>URL by which browsers reach the <see cref="Console"/> listener, when a balancer stands before it; empty for the bound address.</summary>
    public string ConsoleUrl { get; set; } = "";

    /// <summary>The names that certificates carry: <see cref="HostNames"/>, or the loopback's.</summary>
    internal IReadOnlyList<string> CertificateNames => HostNames.Count > 0 ? [.. HostNames] : ["localhost", "127.0.0.1", "::1"];

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        foreach (var (name, value) in new[] { (nameof(Api), Api), (nameof(Agents), Agents), (nameof(Link), Link), (nameof(Console), Console) })
        {
            if (name == nameof(Console) && value.Length == 0) continue;
            if (!IPEndPoint.TryParse(value, out _) || !value.Contains(':', StringComparison.Ordinal))
                yield return $"{Section}:{name} is '{value}'; it must be an IP address and a port, for example '127.0.0.1:8443'.";
        }

        if (LinkDial.Length > 0 && (!Uri.TryCreate($"tcp://{LinkDial}", UriKind.Absolute, out var dial) || dial.Port < 1))
            yield return $"{Section}:LinkDial is '{LinkDial}'; it must be a host and a port, for example 'link-0.example.net:7443'.";
        if (SiloPort is < 0 or > 65535)
            yield return $"{Section}:SiloPort is {SiloPort}; it must be 0 to 65535.";
        if (HostNames.Any(string.IsNullOrWhiteSpace))
            yield return $"{Section}:HostNames holds an empty name; give DNS names or IP addresses.";
        foreach (var (name, value, example) in new[] { (nameof(AgentsUrl), AgentsUrl, "agents"), (nameof(ConsoleUrl), ConsoleUrl, "console") })
        {
            if (value.Length > 0 && (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps))
                yield return $"{Section}:{name} is '{value}'; it must be an https URL, for example 'https://{example}.example.net'.";
        }
    }
}
