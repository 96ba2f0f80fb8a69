using System.Buffers;
using System.Collections.Frozen;
using System.IO.Pipelines;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Serialization.Session;
using Orleans.Serialization.TypeSystem;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Link;
using Tidegate.Tests.Fuzz.Engine;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>Whole frames as a client sends them, one behind the other, through everything that the guard does; what passes, Orleans decodes.</summary>
internal static class FrameTargets
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
    private const string ClientId = "gw-00000000000000000001-abc";
    private static readonly Assembly Core = typeof(ClusterOptions).Assembly;
    private static readonly Type MessageType = Core.GetType("Orleans.Runtime.Message", throwOnError: true)!;

    public static FuzzTarget Frames()
    {
        var services = LinkTargets.Client;
        var serializerType = Core.GetType("Orleans.Runtime.Messaging.MessageSerializer", throwOnError: true)!;
        var serializer = ActivatorUtilities.CreateInstance(services, serializerType, new ClientMessagingOptions());
        var (write, read) = (serializerType.GetMethod("Write", Any)!, serializerType.GetMethod("TryRead", Any)!);
        var sessions = services.GetRequiredService<SerializerSessionPool>();
        var schema = new BodySchema(sessions, services.GetRequiredService<TypeConverter>(), LinkContracts.Own, LinkClientKind.Agent);
        var judges = new LinkJudges();
        var open = new Dictionary<GrainType, ResourceKind> { [GrainType.Create("gateway")] = ResourceKind.Gateway, [GrainType.Create("volume")] = ResourceKind.Volume }.ToFrozenDictionary();
        byte[] Frame(int direction, object? body)
        {
            var pipe = new Pipe();
            write.Invoke(serializer, [pipe.Writer, Message(direction, body)]);
            pipe.Writer.Complete();
            pipe.Reader.TryRead(out var written);
            return written.Buffer.ToArray();
        }

        var status = new VolumeStatus("vol-00000000000000000001", VolumeRunState.Pending, "", 1, 0.5, ["nbd://a"], 0, 0);
        byte[] heartbeat = Frame(1, LinkTargets.Request(new LinkHeartbeat(1, 2, 3, [status])));
        return new FuzzTarget(
            "link-frames", [heartbeat, [.. heartbeat, .. heartbeat], Frame(3, LinkTargets.Request(new LinkHeartbeat(1, 2, 3, []))), Frame(1, null)],
            bytes =>
            {
                var rules = new FrameRules(ClientId, open, new IPEndPoint(IPAddress.Loopback, 30000));
                var (source, sink) = (PipeReader.Create(new ReadOnlySequence<byte>(bytes)), new Pipe(new PipeOptions(pauseWriterThreshold: 0)));
                var pump = new FramePump(source, sink.Writer, TimeProvider.System);
                Exception? breach = null;
                try
                {
                    pump.HeldFramesAsync((header, body) => FrameGuard.Require(judges, rules, sessions, schema, header, body)).GetAwaiter().GetResult();
                }
                catch (LinkBreachException told)
                {
                    breach = told;
                }

                sink.Writer.Complete();
                if (sink.Reader.TryRead(out var passed)) Decode(serializer, read, passed.Buffer);
                if (breach is not null) throw breach;
            },
            typeof(LinkBreachException))
        {
            FixedBytes = 4 << 20,
            BytesPerByte = 512,
            Words = [[0x20], [0xE0], [0xE8], [0xC1, 0x03], [0x40], [0, 0, 1, 0], [0, 0, 2, 0], [0, 0, 3, 0]],
        };
    }

    /// <summary>Orleans answers or drops what it cannot decode; what it must not do is take the process or its memory.</summary>
    private static void Decode(object serializer, MethodInfo read, ReadOnlySequence<byte> passed)
    {
        while (!passed.IsEmpty)
        {
            object?[] arguments = [passed, null];
            try
            {
                read.Invoke(serializer, arguments);
                _ = MessageType.GetProperty("BodyObject", Any)!.GetValue(arguments[1]);
            }
            catch (TargetInvocationException wrong) when (wrong.InnerException is not (OutOfMemoryException or InsufficientExecutionStackException))
            {
                return;
            }

            var rest = (ReadOnlySequence<byte>)arguments[0]!;
            if (rest.Length == passed.Length) return;
            passed = rest;
        }
    }

    private static object Message(int direction, object? body)
    {
        var message = Activator.CreateInstance(MessageType)!;
        Set(message, "SendingGrain", GrainId.Create("sys.client", ClientId));
        Set(message, "TargetGrain", GrainId.Create("gateway", "gw-00000000000000000001"));
        Set(message, "Direction", Enum.ToObject(MessageType.GetProperty("Direction", Any)!.PropertyType, direction));
        Set(message, "Id", Activator.CreateInstance(MessageType.GetProperty("Id", Any)!.PropertyType, Any, null, [7L], null)!);
        Set(message, "InterfaceType", GrainInterfaceType.Create("tidegate.gateway-link"));
        Set(message, "RequestContextData", new Dictionary<string, object> { [Caller.TokenKey] = "token" });
        if (body is not null) Set(message, "BodyObject", body);
        return message;
    }

    private static void Set(object message, string name, object value) => MessageType.GetProperty(name, Any)!.SetValue(message, value);
}
