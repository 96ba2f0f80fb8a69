using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Tidegate.Client.Proxies;

/// <summary>
/// An HTTP proxy that outgoing connections are tunnelled through (CONNECT), and what is reached without it. Its text never shows the
/// credentials.
/// </summary>
public sealed class ProxySettings
{
    private const int DefaultPort = 80;
    private readonly IReadOnlyList<string> _direct;

    private ProxySettings(DnsEndPoint endPoint, NetworkCredential? credential, IReadOnlyList<string> direct) =>
        (EndPoint, Credential, _direct) = (endPoint, credential, direct);

    /// <summary>The proxy.</summary>
    public DnsEndPoint EndPoint { get; }

    /// <summary>User and password for Basic authentication; null for none.</summary>
    public NetworkCredential? Credential { get; }

    /// <summary>
    /// Reads <c>http://[user:password@]host[:port]</c> and a list of what is reached directly: names with the names below them, addresses,
    /// networks such as <c>10.0.0.0/8</c>, each with <c>:port</c> or without, or <c>*</c> for everything; between commas. A fault never quotes the proxy's address, for
    /// it may hold a password.
    /// </summary>
    public static bool TryParse(string proxy, string? noProxy, [NotNullWhen(true)] out ProxySettings? settings, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        (settings, fault) = (null, null);
        var text = proxy.Contains("://", StringComparison.Ordinal) ? proxy : "http://" + proxy;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.PathAndQuery != "/" || url.Host.Length == 0)
        {
            fault = "is not of the form http://[user:password@]host:port";
            return false;
        }
        NetworkCredential? credential = null;
        if (url.UserInfo is { Length: > 0 } user)
        {
            var colon = user.IndexOf(':', StringComparison.Ordinal);
            var (name, password) = colon < 0 ? (user, "") : (user[..colon], user[(colon + 1)..]);
            credential = new NetworkCredential(Uri.UnescapeDataString(name), Uri.UnescapeDataString(password));
            if (credential.UserName.Contains(':', StringComparison.Ordinal) || (credential.UserName + credential.Password).Any(char.IsControl))
            {
                fault = "has a user name or password that Basic authentication cannot carry";
                return false;
            }
        }
        var direct = (noProxy ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        settings = new ProxySettings(new DnsEndPoint(url.IdnHost.Trim('[', ']'), url.IsDefaultPort ? DefaultPort : url.Port), credential, direct);
        return true;
    }

    /// <summary>True when the target is reached without the proxy.</summary>
    public bool IsDirect(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        host = host.Trim('[', ']').TrimEnd('.');
        return _direct.Any(entry => Matches(entry, host, port));
    }

    /// <summary>Where the proxy is, without its credentials.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"http://{EndPoint.Host}:{EndPoint.Port}");

    private static bool Matches(string entry, string host, int port)
    {
        if (entry == "*") return true;
        if (IPAddress.TryParse(entry.Trim('[', ']'), out var whole)) return IPAddress.TryParse(host, out var same) && same.Equals(whole);
        var colon = entry.LastIndexOf(':');
        if (colon > 0 && ushort.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var only) && !entry.Contains('/', StringComparison.Ordinal))
            return only == port && Matches(entry[..colon], host, port);
        if (IPNetwork.TryParse(entry, out var network)) return IPAddress.TryParse(host, out var address) && network.Contains(address);
        var name = entry.TrimStart('*').TrimStart('.');
        return name.Length > 0
            && (host.Equals(name, StringComparison.OrdinalIgnoreCase) || (host.EndsWith(name, StringComparison.OrdinalIgnoreCase) && host[^(name.Length + 1)] == '.'));
    }
}
