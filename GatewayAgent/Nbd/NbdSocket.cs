using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// A connected stream socket by its own system calls. The reader of a connection owns a thread, so a blocking receive is the
/// cheapest wait there is; and a finished request may be answered from whatever thread finished it, which must not block: the
/// framework offers no send with MSG_DONTWAIT.
/// </summary>
internal sealed partial class NbdSocket(Socket socket) : IDisposable
{
    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;
    private const int MsgMore = 0x8000;
    private const int ErrnoInterrupted = 4;
    private const int ErrnoAgain = 11;

    /// <summary>Waits for bytes. Zero: the peer closed, the connection broke, or receiving was stopped here.</summary>
    public int Receive(Span<byte> buffer) => _tls is { } tls ? Receive(tls, buffer) : ReceivePlain(buffer);

    /// <summary>The same below TLS.</summary>
    public int ReceivePlain(Span<byte> buffer)
    {
        while (true)
        {
            var count = (int)Receive(socket.SafeHandle, ref MemoryMarshal.GetReference(buffer), buffer.Length, 0);
            if (count >= 0)
                return count;
            if (Marshal.GetLastPInvokeError() != ErrnoInterrupted)
                return 0;
        }
    }

    /// <summary>
    /// Sends some of the data. Zero: it would block and <paramref name="wait"/> is false. Negative: the connection is gone.
    /// With <paramref name="more"/> the kernel may hold the data back for what follows at once.
    /// </summary>
    public int Send(ReadOnlySpan<byte> data, bool wait, bool more) => _tls is { } tls ? Send(tls, data, wait) : SendPlain(data, wait, more);

    /// <summary>The same below TLS.</summary>
    public int SendPlain(ReadOnlySpan<byte> data, bool wait, bool more)
    {
        var flags = MsgNoSignal | (wait ? 0 : MsgDontWait) | (more ? MsgMore : 0);
        while (true)
        {
            var count = (int)Send(socket.SafeHandle, in MemoryMarshal.GetReference(data), data.Length, flags);
            if (count >= 0)
                return count;
            switch (Marshal.GetLastPInvokeError())
            {
                case ErrnoInterrupted:
                    continue;
                case ErrnoAgain when !wait:
                    return 0;
                default:
                    return -1;
            }
        }
    }

    /// <summary>Lets what has arrived be read, and nothing later; wakes a waiting <see cref="Receive(Span{byte})"/>.</summary>
    public void StopReceiving() => Shutdown(SocketShutdown.Receive);

    /// <summary>Ends both directions and wakes everybody who waits; <see cref="Dispose"/> is the reader's to call.</summary>
    public void Abort() => Shutdown(SocketShutdown.Both);

    public void Dispose()
    {
        _tls?.Dispose();
        socket.Dispose();
    }

    private void Shutdown(SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is gone already, which is what was asked for.
        }
    }

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeHandle socket, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeHandle socket, in byte buffer, nint length, int flags);
}
