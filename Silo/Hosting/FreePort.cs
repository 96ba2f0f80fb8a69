using System.Net;
using System.Net.Sockets;

namespace Tidegate.Silo.Hosting;

/// <summary>Chooses ports for listeners that cannot choose their own: Orleans must know its ports before it starts.</summary>
internal static class FreePort
{
    /// <summary>The endpoint, or with port 0 one of that address, that was free a moment ago. Throws <see cref="SocketException"/> when it is taken.</summary>
    public static IPEndPoint Choose(IPEndPoint wanted)
    {
        using var probe = new Socket(wanted.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(wanted);
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
