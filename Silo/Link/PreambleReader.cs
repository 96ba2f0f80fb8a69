using System.Buffers;
using System.Reflection;
using Orleans.Serialization;

namespace Tidegate.Silo.Link;

/// <summary>
/// Reads the client id out of a connection preamble. The preamble's type is Orleans' own, so its serializer is found by
/// name once, at start; when it is not there any more the silo does not start.
/// </summary>
internal sealed class PreambleReader
{
    private const string TypeName = "Orleans.Runtime.Messaging.ConnectionPreamble";
    private readonly Func<byte[], object?> _deserialize;
    private readonly PropertyInfo _identity;

    public PreambleReader(IServiceProvider services)
    {
        var type = typeof(Orleans.Runtime.Messaging.ConnectionFailedException).Assembly.GetType(TypeName)
            ?? throw new InvalidOperationException($"{TypeName} is not in this version of Orleans: the frame guard does not fit it.");
        _identity = type.GetProperty("NodeIdentity") is { } property && property.PropertyType == typeof(GrainId)
            ? property
            : throw new InvalidOperationException($"{TypeName} has no NodeIdentity: the frame guard does not fit this version of Orleans.");
        var serializerType = typeof(Serializer<>).MakeGenericType(type);
        var serializer = services.GetRequiredService(serializerType);
        var method = serializerType.GetMethod(nameof(Serializer<object>.Deserialize), [typeof(byte[])])
            ?? throw new InvalidOperationException("Orleans' serializer reads no byte arrays any more: the frame guard does not fit it.");
        _deserialize = bytes => method.Invoke(serializer, [bytes]);
    }

    /// <summary>The client id that the preamble claims; a breach when it is no outside client's.</summary>
    public string ReadClientId(ReadOnlySequence<byte> preamble)
    {
        GrainId identity;
        try
        {
            identity = (GrainId)_identity.GetValue(_deserialize(preamble.ToArray()))!;
        }
        catch (Exception error)
        {
            throw new LinkBreachException($"a preamble that cannot be read ({(error.InnerException ?? error).GetType().Name})");
        }
        var key = identity.Key.ToString() ?? "";
        // A silo calls its own client "hosted-...": from outside that name is a claim to be the silo.
        return identity.Type == GrainTypePrefix.ClientGrainType && key.Length is > 0 and <= 100 && !key.Contains('+', StringComparison.Ordinal)
            && !key.StartsWith(LinkCallFilter.HostedClientPrefix, StringComparison.OrdinalIgnoreCase)
            ? key
            : throw new LinkBreachException($"a preamble that names '{identity}', which is no outside client");
    }
}
