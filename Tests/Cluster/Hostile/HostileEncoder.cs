using System.Buffers;
using System.Collections;
using System.IO.Pipelines;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>Writes frames with Orleans' own serializer, so that what is refused is refused for what it says and never for its form.</summary>
internal sealed class HostileEncoder
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
    private static readonly Assembly Core = typeof(ClusterOptions).Assembly;
    private static readonly Type MessageType = Core.GetType("Orleans.Runtime.Message", throwOnError: true)!;
    private static readonly Type SerializerType = Core.GetType("Orleans.Runtime.Messaging.MessageSerializer", throwOnError: true)!;

    private readonly object _serializer;
    private readonly MethodInfo _write = SerializerType.GetMethod("Write", Any)!;

    public HostileEncoder(IServiceProvider services) => _serializer = ActivatorUtilities.CreateInstance(services, SerializerType, new ClientMessagingOptions());

    /// <summary>The frame's bytes.</summary>
    public byte[] Write(HostileFrame frame, GrainId sender, IEnumerable<KeyValuePair<string, object>> context)
    {
        var message = Activator.CreateInstance(MessageType)!;
        Set(message, "SendingGrain", sender);
        Set(message, "TargetGrain", frame.Target);
        if (frame.TargetSilo is not null) Set(message, "TargetSilo", frame.TargetSilo);
        Set(message, "Direction", Enum.ToObject(Property("Direction").PropertyType, frame.Direction));
        Set(message, "Result", Enum.ToObject(Property("Result").PropertyType, frame.Result));
        Set(message, "Id", Activator.CreateInstance(Property("Id").PropertyType, Any, null, [frame.Id], null)!);
        if (!frame.Interface.IsDefault) Set(message, "InterfaceType", frame.Interface);
        Set(message, "RequestContextData", new Dictionary<string, object>(context));
        if (frame.Invalidates is { } address) Set(message, "CacheInvalidationHeader", Invalidation(address));
        if (frame.Body is not null) Set(message, "BodyObject", frame.Body);

        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        _write.Invoke(_serializer, [pipe.Writer, message]);
        pipe.Writer.Complete();
        pipe.Reader.TryRead(out var read);
        return read.Buffer.ToArray();
    }

    private static object Invalidation(GrainAddress address)
    {
        var list = (IList)Activator.CreateInstance(Property("CacheInvalidationHeader").PropertyType)!;
        var update = list.GetType().GetGenericArguments()[0];
        list.Add(update.GetConstructors(Any).First(static made => made.GetParameters() is [{ ParameterType: var invalid }, _] && invalid == typeof(GrainAddress)).Invoke([address, null]));
        return list;
    }

    private static PropertyInfo Property(string name) => MessageType.GetProperty(name, Any)!;

    private static void Set(object message, string name, object value) => Property(name).SetValue(message, value);
}
