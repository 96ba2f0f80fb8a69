using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Where an NBD server listens: a TCP address or a Unix socket's path, and whether clients use TLS there.</summary>
internal sealed record NbdListenAddress
{
    private const string TlsSuffix = ",tls=";

    private NbdListenAddress(EndPoint endPoint, string? unixPath) => (EndPoint, UnixPath) = (endPoint, unixPath);

    public EndPoint EndPoint { get; }

    /// <summary>The socket's path, or null for TCP.</summary>
    public string? UnixPath { get; }

    /// <summary>What was said of TLS; null when nothing was.</summary>
    public NbdTlsMode? Tls { get; init; }

    /// <summary>Whether clients use TLS here.</summary>
    public NbdTlsMode TlsMode => Tls ?? NbdTlsMode.Off;

    public bool IsLocal => UnixPath is not null || (EndPoint is IPEndPoint ip && IPAddress.IsLoopback(ip.Address));

    public static NbdListenAddress Tcp(IPEndPoint endPoint) => new(endPoint, null);

    public static NbdListenAddress Unix(string path) => new(new UnixDomainSocketEndPoint(path), path);

    /// <summary>The same rules at the address that the system gave.</summary>
    public NbdListenAddress At(IPEndPoint endPoint) => new(endPoint, null) { Tls = Tls };

    /// <summary>Reads <c>ADDRESS:PORT</c>, <c>[IPV6]:PORT</c> or <c>unix:PATH</c>, each with <c>,tls=MODE</c> behind it or without.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NbdListenAddress? address)
    {
        address = null;
        NbdTlsMode? tls = null;
        if (text.LastIndexOf(TlsSuffix, StringComparison.Ordinal) is var suffix and >= 0)
        {
            if (ModeOf(text[(suffix + TlsSuffix.Length)..]) is not { } mode)
                return false;
            (tls, text) = (mode, text[..suffix]);
        }
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = text["unix:".Length..];
            // 107 bytes and a terminating zero are what the kernel takes.
            if (path.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(path) > 107)
                return false;
            address = Unix(Path.GetFullPath(path)) with { Tls = tls };
            return true;
        }
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !IPEndPoint.TryParse(text, out var endPoint) || text[(colon + 1)..].Contains(']', StringComparison.Ordinal))
            return false;
        address = Tcp(endPoint) with { Tls = tls };
        return true;
    }

    /// <summary>The URI of an export here, as libnbd, nbd-client and QEMU read it.</summary>
    public string UriOf(string exportName)
    {
        var name = Uri.EscapeDataString(exportName);
        var scheme = TlsMode == NbdTlsMode.Required ? "nbds" : "nbd";
        return UnixPath is not null ? $"{scheme}+unix:///{name}?socket={Uri.EscapeDataString(UnixPath)}" : $"{scheme}://{EndPoint}/{name}";
    }

    public override string ToString() =>
        (UnixPath is not null ? $"unix:{UnixPath}" : EndPoint.ToString()!) + (Tls is { } mode ? TlsSuffix + NameOf(mode) : "");

    private static NbdTlsMode? ModeOf(string name) => Enum.GetValues<NbdTlsMode>().Cast<NbdTlsMode?>().FirstOrDefault(mode => NameOf(mode!.Value) == name);

    private static string NameOf(NbdTlsMode mode) => mode switch
    {
        NbdTlsMode.Allowed => "allowed",
        NbdTlsMode.Required => "required",
        _ => "off",
    };
}
