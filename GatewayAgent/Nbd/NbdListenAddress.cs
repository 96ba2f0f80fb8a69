using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Where an NBD server listens: a TCP address or a Unix socket's path.</summary>
internal sealed record NbdListenAddress
{
    private NbdListenAddress(EndPoint endPoint, string? unixPath) => (EndPoint, UnixPath) = (endPoint, unixPath);

    public EndPoint EndPoint { get; }

    /// <summary>The socket's path, or null for TCP.</summary>
    public string? UnixPath { get; }

    public bool IsLocal => UnixPath is not null || (EndPoint is IPEndPoint ip && IPAddress.IsLoopback(ip.Address));

    public static NbdListenAddress Tcp(IPEndPoint endPoint) => new(endPoint, null);

    public static NbdListenAddress Unix(string path) => new(new UnixDomainSocketEndPoint(path), path);

    /// <summary>Reads <c>ADDRESS:PORT</c>, <c>[IPV6]:PORT</c> or <c>unix:PATH</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NbdListenAddress? address)
    {
        address = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = text["unix:".Length..];
            // 107 bytes and a terminating zero are what the kernel takes.
            if (path.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(path) > 107)
                return false;
            address = Unix(Path.GetFullPath(path));
            return true;
        }
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !IPEndPoint.TryParse(text, out var endPoint) || text[(colon + 1)..].Contains(']', StringComparison.Ordinal))
            return false;
        address = Tcp(endPoint);
        return true;
    }

    /// <summary>The URI of an export here, as libnbd, nbd-client and QEMU read it.</summary>
    public string UriOf(string exportName)
    {
        var name = Uri.EscapeDataString(exportName);
        return UnixPath is not null ? $"nbd+unix:///{name}?socket={Uri.EscapeDataString(UnixPath)}" : $"nbd://{EndPoint}/{name}";
    }

    public override string ToString() => UnixPath is not null ? $"unix:{UnixPath}" : EndPoint.ToString()!;
}
