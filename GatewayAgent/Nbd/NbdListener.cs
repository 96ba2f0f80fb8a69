using System.Net;
using System.Net.Sockets;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>One listening socket. Hands every connection to the server, and says who calls.</summary>
internal sealed class NbdListener : IDisposable
{
    private const int Backlog = 512;
    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private NbdListener(Socket socket, NbdListenAddress address, TimeProvider time, ILogger logger) =>
        (_socket, Address, _time, _logger) = (socket, address, time, logger);

    /// <summary>Where it listens, with the port that was given when 0 was asked for.</summary>
    public NbdListenAddress Address { get; }

    /// <summary>Binds and listens; throws <see cref="IOException"/> that names the address and what to do.</summary>
    public static NbdListener Open(NbdListenAddress address, TimeProvider time, ILogger logger)
    {
        Socket? socket = null;
        try
        {
            if (address.UnixPath is { } path)
            {
                RemoveStale(path, address.EndPoint);
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.Bind(address.EndPoint);
                // Before listening, so that nobody can have connected yet.
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            else
            {
                socket = new Socket(address.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(address.EndPoint);
                address = address.At((IPEndPoint)socket.LocalEndPoint!);
            }
            socket.Listen(Backlog);
            return new NbdListener(socket, address, time, logger);
        }
        catch (Exception e) when (e is SocketException or UnauthorizedAccessException)
        {
            socket?.Dispose();
            throw new IOException($"Cannot serve NBD on {address}: {e.Message}. Give another address with --nbd, or end what uses it.", e);
        }
    }

    /// <summary>Accepts until cancelled.</summary>
    public async Task AcceptAsync(Action<Socket, NbdCaller> accepted, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(cancellationToken);
                NbdCaller caller;
                try
                {
                    caller = Describe(socket);
                }
                catch (SocketException)
                {
                    // It is gone already.
                    socket.Dispose();
                    continue;
                }
                accepted(socket, caller);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of file descriptors, for one: the condition passes when connections end.
                NbdLog.AcceptFailed(_logger, e, Address);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        if (Address.UnixPath is { } path)
            File.Delete(path);
    }

    private NbdCaller Describe(Socket socket)
    {
        if (Address.UnixPath is not null)
            return new NbdCaller(Address.ToString(), Address.ToString(), Address.TlsMode, IsUnix: true);
        var remote = (IPEndPoint)socket.RemoteEndPoint!;
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 6);
        return new NbdCaller(remote.ToString(), CountedAs(remote.Address), Address.TlsMode);
    }

    /// <summary>Who has one IPv6 address has the rest of its 64 bits as well.</summary>
    internal static string CountedAs(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return $"{new IPAddress(bytes)}/64";
    }

    private static void RemoveStale(string path, EndPoint endPoint)
    {
        if (!File.Exists(path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        throw new SocketException((int)SocketError.AddressAlreadyInUse);
    }
}
