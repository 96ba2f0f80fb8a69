using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Session;
using Orleans.Serialization.TypeSystem;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Link;
using Tidegate.Tests.Fuzz.Engine;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>What the guarded port reads (<c>docs/protocols/link.md</c>). Bodies that the guard lets pass are then decoded by Orleans, which must survive them.</summary>
internal static class LinkTargets
{
    private static readonly Lazy<ServiceProvider> Services = new(static () =>
        new ServiceCollection().AddLogging().AddOrleansClient(static client => client.UseLocalhostClustering()).BuildServiceProvider());

    /// <summary>What Orleans' client is made of.</summary>
    internal static IServiceProvider Client => Services.Value;

    private static SerializerSessionPool Sessions => Services.Value.GetRequiredService<SerializerSessionPool>();

    public static FuzzTarget Header()
    {
        var sessions = Sessions;
        return new FuzzTarget("link-header", [HeaderBytes()], bytes => FrameHeader.Read(new ReadOnlySequence<byte>(bytes), sessions), typeof(LinkBreachException));
    }

    public static FuzzTarget Preamble()
    {
        var reader = new PreambleReader(Services.Value);
        return new FuzzTarget(
            "link-preamble", [PreambleBytes()], bytes => reader.ReadClientId(new ReadOnlySequence<byte>(bytes)), typeof(LinkBreachException))
        {
            MaxBytes = LinkLimits.PreambleBytes,
            FixedBytes = 1 << 20,
        };
    }

    public static FuzzTarget Body()
    {
        var serializer = Services.Value.GetRequiredService<Serializer>();
        var schema = new BodySchema(Sessions, Services.Value.GetRequiredService<TypeConverter>(), LinkContracts.Own, LinkClientKind.Agent);
        var status = new VolumeStatus("vol-00000000000000000001", VolumeRunState.Pending, "", 1, 0.5, ["nbd://a"], 0, 0);
        var commit = new SegmentCommit(3, "a/b/c", 1, 2, new byte[32], new byte[32], 4, 5, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, ["snap-1"], "token");
        object[] seeds =
        [
            Request(new LinkHeartbeat(1, 2, 3, [status, status])),
            Request(new CommitRequest(1, [commit, commit with { Sequence = 4 }])),
            Request(new AttachRequest(1, 2, new byte[32], 3, 4, [new SealSummary(1, 2, 3, new byte[32])])),
            Request(new RequestReport("req", 1, true, 1, "", "", new SnapshotBarrier("snap-1", 1, 2, false))),
            new Caller(Role.Agent, "a", "g", "g"),
            Response.FromException(new IOException("m", new InvalidOperationException("i"))),
        ];
        return new FuzzTarget(
            "link-body", [.. seeds.Select(seed => serializer.SerializeToArray<object>(seed))],
            bytes =>
            {
                new BodyWalk(schema, ReadOnlySequence<byte>.Empty).Body(new ReadOnlySequence<byte>(bytes), isResult: false);
                try
                {
                    serializer.Deserialize<object>(bytes);
                }
                catch (Exception wrong) when (wrong is not (OutOfMemoryException or StackOverflowException))
                {
                    // Orleans answers the caller with it; what it must not do is take the process or its memory.
                    throw new LinkBreachException(wrong.GetType().Name);
                }
            },
            typeof(LinkBreachException))
        {
            FixedBytes = 4 << 20,
            BytesPerByte = 512,
            Words = [[0x20], [0xE0], [0xE8], [0xC1, 0x03], [0x40]],
        };
    }

    internal static object Request(object argument)
    {
        var types = new BodyTypes(LinkContracts.Own);
        types.AddContracts(LinkClientKind.Agent);
        var type = types.Known.Keys.First(known => typeof(IInvokable).IsAssignableFrom(known) && known.GetField("arg0")?.FieldType == argument.GetType());
        var request = Activator.CreateInstance(type)!;
        type.GetField("arg0")!.SetValue(request, argument);
        return request;
    }

    private static byte[] HeaderBytes()
    {
        using var session = Sessions.GetSession();
        var output = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(output, session);
        writer.WriteUInt32(1 << 16);
        writer.WriteInt64(7);
        foreach (var text in new[] { "sys.client", "gw-1-abc", "gateway", "gw-1" }) IdSpanCodec.WriteRaw(ref writer, IdSpan.Create(text));
        writer.WriteVarUInt32(0);
        writer.WriteVarUInt32(0);
        writer.Commit();
        return output.WrittenSpan.ToArray();
    }

    private static byte[] PreambleBytes()
    {
        var type = typeof(Orleans.Configuration.ClusterOptions).Assembly.GetType("Orleans.Runtime.Messaging.ConnectionPreamble", throwOnError: true)!;
        var preamble = Activator.CreateInstance(type)!;
        type.GetProperty("NodeIdentity")!.SetValue(preamble, GrainId.Create("sys.client", "gw-1-abc"));
        type.GetProperty("ClusterId")!.SetValue(preamble, "cluster");
        var serializer = typeof(Serializer<>).MakeGenericType(type);
        return (byte[])serializer.GetMethod(nameof(Serializer<object>.SerializeToArray))!.Invoke(Services.Value.GetRequiredService(serializer), [preamble])!;
    }
}
