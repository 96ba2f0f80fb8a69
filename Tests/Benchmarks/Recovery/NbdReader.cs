using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Tests.Benchmarks.Recovery;

/// <summary>A host that connects and reads or writes with the fewest round trips there are, so that what is timed is the server.</summary>
internal sealed class NbdReader : IDisposable
{
    private const ulong OptionMagic = 0x49484156454F5054;
    private const uint RequestMagic = 0x25609513;
    private readonly Socket _socket;
    private ulong _handle;

    private NbdReader(Socket socket) => _socket = socket;

    /// <summary>Tries until the export is there.</summary>
    public static async Task<NbdReader> ConnectAsync(string uri, TimeSpan within)
    {
        var address = new Uri(uri);
        using var limit = new CancellationTokenSource(within);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, limit.Token);
                var reader = new NbdReader(socket);
                await reader.NegotiateAsync(address.AbsolutePath.TrimStart('/'), limit.Token);
                return reader;
            }
            catch (Exception early) when (early is SocketException or EndOfStreamException)
            {
                socket.Dispose();
                await pause.WaitForNextTickAsync(limit.Token);
            }
        }
    }

    public async Task<byte[]> ReadAsync(long offset, int length)
    {
        await RequestAsync(type: 0, offset, length, default);
        return await ReceiveAsync(length, CancellationToken.None);
    }

    public Task WriteAsync(long offset, ReadOnlyMemory<byte> data) => RequestAsync(type: 1, offset, data.Length, data);

    public void Dispose() => _socket.Dispose();

    // The oldest way in has the fewest round trips: an export that is not there ends the connection.
    private async Task NegotiateAsync(string export, CancellationToken cancellationToken)
    {
        await ReceiveAsync(18, cancellationToken);
        var name = Encoding.UTF8.GetBytes(export);
        var option = new byte[20 + name.Length];
        BinaryPrimitives.WriteUInt32BigEndian(option, 3);
        BinaryPrimitives.WriteUInt64BigEndian(option.AsSpan(4), OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(12), 1);
        BinaryPrimitives.WriteInt32BigEndian(option.AsSpan(16), name.Length);
        name.CopyTo(option, 20);
        await _socket.SendAsync(option, cancellationToken);
        await ReceiveAsync(10, cancellationToken);
    }

    private async Task RequestAsync(ushort type, long offset, int length, ReadOnlyMemory<byte> data)
    {
        var request = new byte[28 + data.Length];
        BinaryPrimitives.WriteUInt32BigEndian(request, RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6), type);
        BinaryPrimitives.WriteUInt64BigEndian(request.AsSpan(8), ++_handle);
        BinaryPrimitives.WriteInt64BigEndian(request.AsSpan(16), offset);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(24), length);
        data.CopyTo(request.AsMemory(28));
        await _socket.SendAsync(request);
        var reply = await ReceiveAsync(16, CancellationToken.None);
        if (BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(4)) is var error and not 0)
            throw new IOException($"The server answered with NBD error {error}.");
    }

    private async Task<byte[]> ReceiveAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var received = await _socket.ReceiveAsync(bytes.AsMemory(at), cancellationToken);
            if (received == 0) throw new EndOfStreamException("The server closed the connection.");
            at += received;
        }
        return bytes;
    }
}
