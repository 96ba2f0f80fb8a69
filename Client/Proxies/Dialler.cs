using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Client.Proxies;

/// <summary>
/// Opens outgoing connections, directly or through an HTTP proxy with CONNECT (RFC 9110, 9.3.6), for HTTP clients and the link alike. What goes through a
/// tunnel is TLS from end to end: the proxy is trusted with nothing.
/// </summary>
/// <param name="proxy">The proxy; null for none.</param>
/// <param name="limit">Time for the proxy to open a tunnel, 1 to 60 s.</param>
/// <param name="time">The clock of the limit.</param>
public sealed class Dialler(ProxySettings? proxy, TimeSpan limit, TimeProvider time)
{
    /// <summary>For HTTP clients, whose own limit for connecting is a second longer.</summary>
    public static readonly TimeSpan HttpLimit = TimeSpan.FromSeconds(9);

    /// <summary>The limit for somebody who gives up connecting after <paramref name="patience"/> himself: short enough that the proxy's fault is told first.</summary>
    public static TimeSpan Within(TimeSpan patience) => patience * 0.9;

    private const int LargestHead = 16 << 10;
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    /// <summary>
    /// Has a handler's connections opened here, and nowhere else: environment and system say nothing any more. What fails in opening one is an
    /// <see cref="HttpRequestException"/> to the client.
    /// </summary>
    public SocketsHttpHandler AttachTo(SocketsHttpHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        handler.UseProxy = false;
        handler.ConnectCallback = async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint, cancellationToken);
        return handler;
    }

    /// <summary>An open connection to the target. Throws <see cref="ProxyException"/>, and what the socket throws when there is no proxy.</summary>
    public async Task<NetworkStream> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (proxy is null || proxy.IsDirect(target.Host, target.Port)) await OpenAsync(socket, target, cancellationToken);
            else await TunnelAsync(socket, proxy, target, cancellationToken);
            // HTTP clients ask who the far end is where nothing wraps a fault, and one that has reset the connection is nobody any more.
            // The socket remembers the answer: asked here, the reset is a failure to connect like any other.
            _ = socket.RemoteEndPoint;
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task TunnelAsync(Socket socket, ProxySettings through, DnsEndPoint target, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var authority = string.Create(CultureInfo.InvariantCulture, $"{(target.Host.Contains(':', StringComparison.Ordinal) ? $"[{target.Host}]" : target.Host)}:{target.Port}");
        try
        {
            await OpenAsync(socket, through.EndPoint, stop.Token);
            await socket.SendAsync(Encoding.Latin1.GetBytes(Request(through, authority)), stop.Token);
            Judge(through, authority, await ReadHeadAsync(socket, stop.Token));
        }
        catch (Exception error) when (error is SocketException or EndOfStreamException)
        {
            throw new ProxyException(
                $"The proxy {through} opened no tunnel to {authority}: {error.Message}", "Check the agent's setting Proxy, and that the proxy runs and takes connections from this machine.", error);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ProxyException(
                $"The proxy {through} opened no tunnel to {authority} within {limit.TotalSeconds:0.#} s.", "Check that the proxy runs, and that it reaches the target itself.");
        }
    }

    private static async Task OpenAsync(Socket socket, DnsEndPoint target, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(target.Host, out var address)) await socket.ConnectAsync(new IPEndPoint(address, target.Port), cancellationToken);
        else await socket.ConnectAsync(target, cancellationToken);
    }

    private static string Request(ProxySettings through, string authority)
    {
        var request = $"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n";
        if (through.Credential is { } known)
            request += $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{known.UserName}:{known.Password}"))}\r\n";
        return request + "\r\n";
    }

    // Behind the head nothing may come: in every protocol spoken here the client speaks first.
    private static async Task<string> ReadHeadAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[LargestHead];
        for (var length = 0; length < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0) throw new EndOfStreamException("it closed the connection without an answer");
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf(HeadEnd);
            if (end < 0) continue;
            // What a refusal says to people may follow its head.
            return end + HeadEnd.Length == length || buffer.AsSpan(0, length).IndexOf(" 200 "u8) < 0
                ? Encoding.Latin1.GetString(buffer, 0, end)
                : throw new EndOfStreamException("it spoke before this end did");
        }
        throw new EndOfStreamException($"its answer has no end within {LargestHead} bytes");
    }

    private static void Judge(ProxySettings through, string authority, string head)
    {
        var line = head.Split("\r\n", 2)[0];
        if (line is not ['H', 'T', 'T', 'P', '/', '1', '.', '0' or '1', ' ', .. var answer]
            || !int.TryParse(answer.AsSpan(0, Math.Min(3, answer.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            throw new ProxyException($"What answers at {through} is no HTTP proxy.", "Check the agent's setting Proxy.");
        }
        if (status is >= 200 and < 300) return;
        throw status switch
        {
            407 when through.Credential is null => new ProxyException(
                $"The proxy {through} asks for a user and a password (407).", "Give them in the agent's setting Proxy: http://user:password@host:port."),
            407 => new ProxyException($"The proxy {through} does not take the user and password that it was given (407).", "Correct them in the agent's setting Proxy."),
            403 => new ProxyException($"The proxy {through} does not allow a connection to {authority} (403).", "Have it allow CONNECT to this address and port."),
            _ => new ProxyException($"The proxy {through} could not connect to {authority} ({status}).", "Check that the proxy reaches this address, and its log."),
        };
    }
}
