using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Session;
using Tidegate.Client.Grain;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>A client that says on the wire whatever it is told: TLS as usual, then preamble and frames made by hand.</summary>
internal sealed class RawLink : IAsyncDisposable
{
    /// <summary>Message flags: direction in bits 16 to 19, kind of response in bits 20 to 23.</summary>
    public const uint Request = 1 << 16, Response = 2 << 16, Success = 1 << 20, Rejection = 3 << 20, Status = 4 << 20, CacheInvalidation = 1 << 7;

    private readonly IServiceProvider _services;
    private readonly SslStream _stream;

    private RawLink(IServiceProvider services, SslStream stream) => (_services, _stream) = (services, stream);

    public static Task<RawLink> ConnectAsync(GuardedSilo silo, X509Certificate2? certificate) =>
        ConnectAsync(silo.Services, silo.LinkPort, silo.Roots, certificate);

    /// <summary>Connects to any silo of this process; its services encode what is sent.</summary>
    public static async Task<RawLink> ConnectAsync(IServiceProvider services, IPEndPoint port, X509Certificate2Collection roots, X509Certificate2? certificate)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(CertificateTrust.CreateClientOptions(roots, "127.0.0.1", certificate, TimeProvider.System));
        return new RawLink(services, stream);
    }

    public static GrainId Client(string key) => GrainId.Create("sys.client", key);

    public static GrainId Gateway(TestGateway gateway) => GrainId.Create("gateway", gateway.GatewayId);

    /// <summary>Sends Orleans' preamble, naming <paramref name="identity"/>.</summary>
    public Task PreambleAsync(GrainId identity)
    {
        var type = typeof(ClusterOptions).Assembly.GetType("Orleans.Runtime.Messaging.ConnectionPreamble", throwOnError: true)!;
        var preamble = Activator.CreateInstance(type)!;
        type.GetProperty("NodeIdentity")!.SetValue(preamble, identity);
        type.GetProperty("ClusterId")!.SetValue(preamble, _services.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId);
        type.GetProperty("NetworkProtocolVersion")!.SetValue(preamble, Enum.ToObject(type.GetProperty("NetworkProtocolVersion")!.PropertyType, 1));
        var serializer = typeof(Serializer<>).MakeGenericType(type);
        var bytes = (byte[])serializer.GetMethod(nameof(Serializer<object>.SerializeToArray), BindingFlags.Public | BindingFlags.Instance)!
            .Invoke(_services.GetRequiredService(serializer), [preamble])!;
        return BytesAsync([.. Length(bytes.Length), .. bytes]);
    }

    /// <summary>A preamble that is accepted, and the silo's own.</summary>
    public async Task<RawLink> GreetAsync(string clientId)
    {
        await PreambleAsync(Client(clientId));
        var length = new byte[4];
        try
        {
            await _stream.ReadExactlyAsync(length);
            await _stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32LittleEndian(length)]);
        }
        catch (EndOfStreamException)
        {
            throw new InvalidOperationException("The silo did not greet back; its log says why.");
        }
        return this;
    }

    public Task FrameAsync(uint flags, GrainId sender, GrainId target, long id = 1, SiloAddress? silo = null, byte[]? body = null)
    {
        var header = Header(flags, sender, target, id, silo);
        return BytesAsync([.. Length(header.Length), .. Length(body?.Length ?? 0), .. header, .. body ?? []]);
    }

    public async Task BytesAsync(byte[] bytes)
    {
        await _stream.WriteAsync(bytes);
        await _stream.FlushAsync();
    }

    /// <summary>Waits until the silo has closed the connection; the bytes that came before.</summary>
    public async Task<int> ClosedAsync()
    {
        using var limit = new CancellationTokenSource(Hanging.Limit);
        var (buffer, total) = (new byte[4096], 0);
        try
        {
            while (await _stream.ReadAsync(buffer, limit.Token) is var read and > 0) total += read;
        }
        catch (IOException)
        {
        }
        return total;
    }

    /// <summary>The next frame's header and body; null once the silo has closed the connection.</summary>
    public async Task<(byte[] Header, byte[] Body)?> ReadFrameAsync()
    {
        using var limit = new CancellationTokenSource(Hanging.Limit);
        try
        {
            var lengths = new byte[8];
            await _stream.ReadExactlyAsync(lengths, limit.Token);
            var (header, body) = (new byte[BinaryPrimitives.ReadInt32LittleEndian(lengths)], new byte[BinaryPrimitives.ReadInt32LittleEndian(lengths.AsSpan(4))]);
            await _stream.ReadExactlyAsync(header, limit.Token);
            await _stream.ReadExactlyAsync(body, limit.Token);
            return (header, body);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    public static byte[] Length(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private byte[] Header(uint flags, GrainId sender, GrainId target, long id, SiloAddress? silo)
    {
        using var session = _services.GetRequiredService<SerializerSessionPool>().GetSession();
        var output = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(output, session);
        writer.WriteUInt32(flags);
        writer.WriteInt64(id);
        foreach (var grain in new[] { sender, target })
        {
            IdSpanCodec.WriteRaw(ref writer, IdSpan.Create(grain.Type.ToString()!));
            IdSpanCodec.WriteRaw(ref writer, grain.Key);
        }
        writer.WriteVarUInt32(0);
        if (silo is null)
        {
            writer.WriteVarUInt32(0);
        }
        else
        {
            // Hash, length-prefixed address, port, generation: 4 + 1 + 4 + up to 3 + 4 bytes, written once to learn the length.
            var inner = new ArrayBufferWriter<byte>();
            var innerWriter = Writer.Create(inner, session);
            innerWriter.WriteInt32(silo.GetConsistentHashCode());
            Orleans.Serialization.Codecs.IPAddressCodec.WriteRaw(ref innerWriter, silo.Endpoint.Address);
            innerWriter.WriteVarUInt32((uint)silo.Endpoint.Port);
            innerWriter.WriteInt32(silo.Generation);
            innerWriter.Commit();
            writer.WriteVarUInt32((uint)inner.WrittenCount);
            writer.Write(inner.WrittenSpan);
        }
        writer.Commit();
        return output.WrittenSpan.ToArray();
    }
}
