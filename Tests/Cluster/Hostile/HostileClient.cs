using System.Buffers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Session;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Link;
using Tidegate.Tests.Cluster.Link;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>
/// An agent in the wrong hands: a certificate and a token of its own, both good, over real TLS to one silo, and any frame at all. It
/// connects anew whenever it was thrown out.
/// </summary>
internal sealed class HostileClient : IAsyncDisposable
{
    // The filter's one answer, as it stands in the bytes of a response.
    private static readonly byte[] Refusal = Encoding.UTF8.GetBytes("This call is not open to this client.");

    private readonly GuardedSilo _silo;
    private readonly HostileEncoder _encoder;
    private readonly string _token;
    private RawLink? _link;
    private long _lastId = 1_000_000;

    private HostileClient(GuardedSilo silo, TestGateway gateway, string clientId, string token) =>
        (_silo, Gateway, ClientId, _token, _encoder) = (silo, gateway, clientId, token, new HostileEncoder(silo.Services));

    public TestGateway Gateway { get; }

    public string ClientId { get; }

    /// <summary>How often a frame cost the connection.</summary>
    public int Closures { get; private set; }

    /// <summary>How often the call filter refused.</summary>
    public int Refusals { get; private set; }

    public static async Task<HostileClient> StartAsync(GuardedSilo silo, GuardedSilo home)
    {
        var gateway = await silo.NewGatewayAsync(home.Address);
        var clientId = LinkClientId.New(gateway.GatewayId);
        using var discovery = new LinkDiscovery(new DiscoveryAddresses(silo.AgentsUrl), silo.Roots, gateway.Certificate, TimeSpan.FromSeconds(30), TimeProvider.System);
        var reply = await discovery.DiscoverAsync(new LinkDiscoveryRequest(clientId, LinkWire.Version, "1.0.0"), default);
        return new HostileClient(silo, gateway, clientId, reply.Token.Reveal());
    }

    /// <summary>Sends the frame, and behind it a call that is answered for certain when the connection lives; what became of the frame.</summary>
    public async Task<Fate> TryAsync(HostileFrame frame)
    {
        _link ??= await (await RawLink.ConnectAsync(_silo, Gateway.Certificate)).GreetAsync(ClientId);
        var (id, probe) = (frame.Direction == 2 ? frame.Id : ++_lastId, ++_lastId);
        var sender = frame.Sender ?? RawLink.Client(ClientId);
        var sent = _encoder.Write(frame with { Id = id }, sender, [new(Caller.TokenKey, _token), .. frame.Context]);
        try
        {
            await _link.BytesAsync([.. sent, .. Probe(probe)]);
        }
        catch (IOException)
        {
            // Thrown out while still writing.
        }

        var fate = await FateAsync(id, probe, isAnswerDue: frame.Expected != Fate.Closed && frame.Direction == 1);
        if (fate == Fate.Refused) Refusals++;
        if (fate is not (Fate.Closed or Fate.Silenced)) return fate;
        if (fate == Fate.Closed) Closures++;
        await _link.DisposeAsync();
        _link = null;
        return fate;
    }

    public async ValueTask DisposeAsync()
    {
        if (_link is not null) await _link.DisposeAsync();
        Gateway.Certificate.Dispose();
    }

    private async Task<Fate> FateAsync(long id, long probe, bool isAnswerDue)
    {
        var isProbed = false;
        while (await NextAsync() is var (header, body))
        {
            if (header.Length == 0) return Fate.Silenced;
            var read = FrameHeader.Read(new ReadOnlySequence<byte>(header), _silo.Services.GetRequiredService<SerializerSessionPool>());
            if (read.Direction != FrameDirection.Response) continue;
            if (read.Id == id && id != probe) return body.AsSpan().IndexOf(Refusal) >= 0 ? Fate.Refused : Fate.Answered;
            isProbed |= read.Id == probe;
            if (isProbed && !isAnswerDue) return Fate.Passed;
        }

        return Fate.Closed;
    }

    private async Task<(byte[] Header, byte[] Body)?> NextAsync()
    {
        try
        {
            return await _link!.ReadFrameAsync();
        }
        catch (OperationCanceledException)
        {
            return ([], []);
        }
    }

    private byte[] Probe(long id)
    {
        var method = typeof(IGatewayLinkGrain).GetMethod(nameof(IGatewayLinkGrain.Heartbeat))!;
        var request = typeof(IGatewayLinkGrain).Assembly.GetTypes().Single(type => typeof(IInvokable).IsAssignableFrom(type) && !type.IsAbstract
            && type.GetField("arg0")?.FieldType == typeof(LinkHeartbeat));
        var call = (IInvokable)Activator.CreateInstance(request)!;
        call.SetArgument(0, new LinkHeartbeat(1, 1, 0, []));
        var resolver = _silo.Services.GetRequiredService<GrainInterfaceTypeResolver>();
        var frame = new HostileFrame("probe", RawLink.Gateway(Gateway), Fate.Answered) { Id = id, Body = call, Interface = resolver.GetGrainInterfaceType(method.DeclaringType!) };
        return _encoder.Write(frame, RawLink.Client(ClientId), [new(Caller.TokenKey, _token)]);
    }
}
