using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Nbd.Wire;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>A client that sends exactly what a test says, right or wrong, and shows what came back.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;
    private readonly CancellationTokenSource _limit = new(Hanging.Limit);

    private SslStream? _tls;

    private RawClient(Socket socket) => _socket = socket;

    public static async Task<RawClient> ConnectAsync(NbdListenAddress address)
    {
        var socket = new Socket(address.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(address.EndPoint);
        return new RawClient(socket);
    }

    /// <summary>Connects, and goes through a handshake to the export.</summary>
    public static async Task<RawClient> InTransmissionAsync(NbdListenAddress address, string export, bool structured = true)
    {
        var client = await ConnectAsync(address);
        await client.GreetAsync();
        if (structured)
        {
            await client.SendOptionAsync(NbdOption.StructuredReply);
            await client.ExpectOptionReplyAsync(NbdOption.StructuredReply, NbdOptionReply.Ack);
            await client.SendOptionAsync(NbdOption.SetMetaContext, [.. Name(export), 0, 0, 0, 1, .. Name("base:allocation")]);
            await client.ExpectOptionReplyAsync(NbdOption.SetMetaContext, NbdOptionReply.MetaContext);
            await client.ExpectOptionReplyAsync(NbdOption.SetMetaContext, NbdOptionReply.Ack);
        }
        await client.SendOptionAsync(NbdOption.Go, [.. Name(export), 0, 0]);
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Ack);
        return client;
    }

    /// <summary>A string behind its 32-bit length.</summary>
    public static byte[] Name(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [.. BigEndian((uint)bytes.Length), .. bytes];
    }

    public static byte[] BigEndian(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] Request(NbdCommand command, ulong offset, uint length, NbdCommandFlags flags = 0, ulong cookie = 1)
    {
        var header = new byte[NbdRequest.HeaderBytes];
        BinaryPrimitives.WriteUInt32BigEndian(header, NbdMagic.Request);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)flags);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)command);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), cookie);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(24), length);
        return header;
    }

    public async Task GreetAsync(uint flags = 3)
    {
        await ReceiveAsync(18);
        await SendAsync(BigEndian(flags));
    }

    public async Task SendAsync(params byte[] bytes)
    {
        if (_tls is not null)
        {
            await _tls.WriteAsync(bytes, _limit.Token);
            return;
        }
        for (var sent = 0; sent < bytes.Length;)
            sent += await _socket.SendAsync(bytes.AsMemory(sent), _limit.Token);
    }

    public Task SendOptionAsync(NbdOption option, params byte[] data) => SendOptionHeaderAsync((uint)option, (uint)data.Length, data);

    public async Task SendOptionHeaderAsync(uint option, uint length, params byte[] data)
    {
        var magic = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(magic, NbdMagic.Option);
        await SendAsync([.. magic, .. BigEndian(option), .. BigEndian(length), .. data]);
    }

    public Task SendRequestAsync(NbdCommand command, ulong offset, uint length, NbdCommandFlags flags = 0, ulong cookie = 1, byte[]? payload = null) =>
        SendAsync([.. Request(command, offset, length, flags, cookie), .. payload ?? []]);

    public async Task<byte[]> ReceiveAsync(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var received = _tls is null
                ? await _socket.ReceiveAsync(bytes.AsMemory(done), _limit.Token)
                : await _tls.ReadAsync(bytes.AsMemory(done), _limit.Token);
            if (received == 0)
                throw new EndOfStreamException($"The server closed after {done} of {count} bytes.");
            done += received;
        }
        return bytes;
    }

    /// <summary>True when nothing more comes: an orderly end or a reset.</summary>
    public async Task<bool> IsClosedAsync()
    {
        try
        {
            return await (_tls is null ? _socket.ReceiveAsync(new byte[1], _limit.Token) : _tls.ReadAsync(new byte[1], _limit.Token)) == 0;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return true;
        }
    }

    public async Task<byte[]> ExpectOptionReplyAsync(NbdOption option, NbdOptionReply type)
    {
        var reply = await ReceiveOptionReplyAsync();
        Assert.Equal((option, type), (reply.Option, reply.Type));
        return reply.Data;
    }

    /// <summary>The next answer to an option, whatever it is.</summary>
    public async Task<(NbdOption Option, NbdOptionReply Type, byte[] Data)> ReceiveOptionReplyAsync()
    {
        var header = await ReceiveAsync(20);
        Assert.Equal(NbdMagic.OptionReply, BinaryPrimitives.ReadUInt64BigEndian(header));
        var data = await ReceiveAsync((int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16)));
        return ((NbdOption)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)), (NbdOptionReply)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12)), data);
    }

    /// <summary>One reply of either kind; a simple one carries <paramref name="dataBytes"/> when it succeeds.</summary>
    public Task<Reply> ReceiveReplyAsync(int dataBytes = 0) => ReceiveReplyAsync(_ => dataBytes);

    /// <summary>The same where the cookie tells how much data follows.</summary>
    public async Task<Reply> ReceiveReplyAsync(Func<ulong, int> dataBytesOf)
    {
        var start = await ReceiveAsync(16);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(start);
        if (magic == NbdMagic.SimpleReply)
        {
            var error = (NbdError)BinaryPrimitives.ReadUInt32BigEndian(start.AsSpan(4));
            var cookie = BinaryPrimitives.ReadUInt64BigEndian(start.AsSpan(8));
            return new Reply(cookie, error, NbdChunk.None, true, error == NbdError.None ? await ReceiveAsync(dataBytesOf(cookie)) : []);
        }
        Assert.Equal(NbdMagic.StructuredReply, magic);
        var type = (NbdChunk)BinaryPrimitives.ReadUInt16BigEndian(start.AsSpan(6));
        var payload = await ReceiveAsync((int)BinaryPrimitives.ReadUInt32BigEndian(await ReceiveAsync(4)));
        return new Reply(
            BinaryPrimitives.ReadUInt64BigEndian(start.AsSpan(8)),
            type == NbdChunk.Error ? (NbdError)BinaryPrimitives.ReadUInt32BigEndian(payload) : NbdError.None,
            type, BinaryPrimitives.ReadUInt16BigEndian(start.AsSpan(4)) == 1, payload);
    }

    public void Shutdown() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>From here on everything is encrypted; the server has agreed to that.</summary>
    public async Task StartTlsAsync(X509Certificate2? certificate = null)
    {
        _tls = new SslStream(new NetworkStream(_socket));
        await _tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ClientCertificates = certificate is null ? null : [certificate],
                // The client sends what the test gave it, whatever the server said it would take.
                LocalCertificateSelectionCallback = certificate is null ? null : (_, _, _, _, _) => certificate,
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            },
            _limit.Token);
    }

    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
        _limit.Dispose();
    }

    /// <summary>A reply; <c>Data</c> is the payload of a chunk, or the data of a simple reply.</summary>
    internal sealed record Reply(ulong Cookie, NbdError Error, NbdChunk Type, bool IsLast, byte[] Data)
    {
        public string Message => Encoding.UTF8.GetString(Data.AsSpan(6));
    }
}
