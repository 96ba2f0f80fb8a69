using System.Buffers;
using System.Collections.Frozen;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Session;
using Orleans.Serialization.TypeSystem;

namespace Tidegate.Silo.Link;

/// <summary>
/// Every type that clients of a kind may name in a message, under the names that Orleans gives it (<c>docs/protocols/link.md</c>, Bodies). Built once
/// at start from the contracts: a type that is not reached from them is not there. Orleans resolves names long before a filter sees the
/// call, and what it cannot find it looks for among all assemblies, so nothing else may come as far.
/// </summary>
internal sealed class BodySchema
{
    /// <summary>Where the errors come from that an agent's code may meet while it answers.</summary>
    private static readonly Assembly[] _errorAssemblies =
        [typeof(Exception).Assembly, typeof(SocketException).Assembly, typeof(CryptographicException).Assembly, typeof(JsonException).Assembly, typeof(OrleansException).Assembly];

    private readonly FrozenDictionary<uint, BodyType> _wellKnown;
    private readonly FrozenDictionary<string, (BodyType Type, int Hash)> _named;
    private readonly FrozenDictionary<string, (BodyType Type, int Hash)>.AlternateLookup<ReadOnlySpan<char>> _byName;

    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _errors;

    public BodySchema(SerializerSessionPool sessions, TypeConverter names, LinkContracts contracts, LinkClientKind kind)
    {
        var types = new BodyTypes(contracts);
        types.AddContracts(kind);
        var (wellKnown, named) = (new Dictionary<uint, BodyType>(), new Dictionary<string, (BodyType, int)>(StringComparer.Ordinal));
        using var session = sessions.GetSession();
        foreach (var (type, shape) in types.Known)
        {
            if (session.WellKnownTypes.TryGetWellKnownTypeId(type, out var id)) wellKnown[id] = shape;
            var (name, hash) = Encode(session, type);
            named[name] = (shape, hash);
        }

        _wellKnown = wellKnown.ToFrozenDictionary();
        _named = named.ToFrozenDictionary(StringComparer.Ordinal);
        _errors = _errorAssemblies.SelectMany(static assembly => assembly.GetExportedTypes()).Where(static type => type.IsAssignableTo(typeof(Exception)) && !type.IsGenericType)
            .Select(type => names.Format(type)).ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _byName = _named.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>How many names there are.</summary>
    public int Count => _named.Count;

    /// <summary>The type with a number of Orleans' own; a breach when clients may not send it.</summary>
    public BodyType WellKnown(uint id) =>
        _wellKnown.TryGetValue(id, out var type) ? type : throw new LinkBreachException($"a value of the well-known type {id}, which is open to no client");

    /// <summary>
    /// The type of a name; a breach when clients may not send it. The hash that travels with the name must be its own: Orleans remembers every
    /// pair it meets, for ever.
    /// </summary>
    public BodyType Named(ReadOnlySpan<byte> name, int hash)
    {
        Span<char> text = stackalloc char[LinkLimits.TypeNameBytes];
        if (Encoding.UTF8.TryGetChars(name, text, out var length) && _byName.TryGetValue(text[..length], out var known))
            return known.Hash == hash ? known.Type : throw new LinkBreachException("a type name whose hash is not its own");
        throw new LinkBreachException($"a value of type {Encoding.UTF8.GetString(name)}, which is open to no client");
    }

    /// <summary>A breach unless the text names an error that observers may answer with: Orleans would look for it in any assembly.</summary>
    public void RequireErrorName(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[LinkLimits.TypeNameBytes];
        if (!Encoding.UTF8.TryGetChars(name, text, out var length) || !_errors.Contains(text[..length]))
            throw new LinkBreachException($"an error of type {Encoding.UTF8.GetString(name)}, which is open to no client");
    }

    private static (string Name, int Hash) Encode(SerializerSession session, Type type)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(output, session);
        session.TypeCodec.WriteEncodedType(ref writer, type);
        writer.Commit();
        var reader = Reader.Create(output.WrittenMemory.Span, session);
        if (reader.ReadByte() != 1) throw new InvalidOperationException("Orleans writes type names in another version: the frame guard does not fit it.");
        var hash = reader.ReadInt32();
        var name = reader.ReadBytes(reader.ReadVarUInt32());
        return (Encoding.UTF8.GetString(name), hash);
    }
}
