using System.Net;
using System.Net.Sockets;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>
/// Keeps the ports of a program that is down, or not started yet, for it: nobody else gets them, whoever connects is refused as if nothing were there, and the
/// program itself can have them again while they are held.
/// </summary>
internal sealed class HeldPorts : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public HeldPorts(IEnumerable<IPEndPoint> ports)
    {
        foreach (var port in ports)
        {
            var socket = new Socket(port.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            // Bound and not listening, with address reuse: another such socket may be bound beside it, and may listen.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(port);
        }
    }

    /// <summary>One of them; chosen by the system when port 0 was asked for.</summary>
    public IPEndPoint this[int index] => (IPEndPoint)_sockets[index].LocalEndPoint!;

    public void Dispose()
    {
        foreach (var socket in _sockets) socket.Dispose();
    }
}
