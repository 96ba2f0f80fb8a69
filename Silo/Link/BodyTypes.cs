using System.Collections.Frozen;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans.Serialization.Invocation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>
/// Collects the types that are reached from the grain contracts, and how each looks on the wire. Throws when a contract holds something that
/// the guard could not bound: then the guard is taught first, and the silo does not start with a hole.
/// </summary>
internal sealed class BodyTypes(LinkContracts contracts)
{
    /// <summary>Plain in every message: values without structure of their own.</summary>
    private static readonly FrozenSet<Type> _leaves = new[]
    {
        typeof(string), typeof(byte[]), typeof(bool), typeof(byte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(float), typeof(double), typeof(decimal), typeof(char), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan),
        typeof(GrainId), typeof(GrainType), typeof(IdSpan), typeof(GrainInterfaceType),
    }.ToFrozenSet();

    /// <summary>What the calls of Orleans' client hold besides: small structures of numbers, by name because they are its own.</summary>
    private static readonly FrozenSet<string?> _plumbing = new string?[] { "Orleans.Runtime.CorrelationId", "Orleans.Metadata.MajorMinorVersion", "Orleans.Runtime.ManifestHash" }.ToFrozenSet();

    /// <summary>Under these names Orleans writes lists of types that it has no codec of their own for, such as the compiler's; the form is a list's.</summary>
    private static readonly Type[] _listCodecs = [.. new[] { "ReadOnlyListInterfaceCodec`1", "ReadOnlyCollectionInterfaceCodec`1", "ListInterfaceCodec`1", "CollectionInterfaceCodec`1", "EnumerableCodec`1" }
        .Select(static name => typeof(Orleans.Serialization.Codecs.ObjectCodec).Assembly.GetType("Orleans.Serialization.Codecs." + name)
            ?? throw new InvalidOperationException($"{name} is not in this version of Orleans: the frame guard does not fit it."))];

    private readonly Dictionary<Type, BodyType> _known = [];

    /// <summary>Every type found, with its shape.</summary>
    public IReadOnlyDictionary<Type, BodyType> Known => _known;

    /// <summary>
    /// Takes in every method that is open to clients of the kind, what Orleans' client calls by itself, and what observers answer, which agents alone
    /// have.
    /// </summary>
    public void AddContracts(LinkClientKind kind)
    {
        foreach (var leaf in _leaves) _known[leaf] = BodyType.Plain;
        AddException();
        foreach (var contract in contracts.Types.Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)))
        {
            if (OpenGrainTypes.IsOpen(contract, kind))
            {
                foreach (var request in Requests(contract.Assembly, contract).Where(request => contracts.LetsDecode(MethodOf(request), kind))) Add(request);
            }

            if (kind == LinkClientKind.Agent && typeof(IGrainObserver).IsAssignableFrom(contract)) AddAnswers(contract);
        }

        Add(typeof(Caller));
        AddPlumbing(kind);
    }

    private void AddAnswers(Type observer)
    {
        foreach (var method in observer.GetMethods())
        {
            if (method.ReturnType.IsGenericType) Add(method.ReturnType.GetGenericArguments()[0]);
        }

        _known[typeof(CompletedResponse)] = Object([Level()]);
        _known[typeof(ExceptionResponse)] = Object([Level((0, _known[typeof(Exception)]))]);
    }

    /// <summary>What Orleans' client calls without being told to: the manifest, cancelling its calls, and the carrier of streaming calls.</summary>
    private void AddPlumbing(LinkClientKind kind)
    {
        var assemblies = AppDomain.CurrentDomain.GetAssemblies().Where(known => known.GetName().Name!.StartsWith("Orleans.", StringComparison.Ordinal)).ToArray();
        foreach (var name in new[] { LinkCallFilter.ManifestContract, LinkCallFilter.CancellationContract })
        {
            var contract = assemblies.Select(known => known.GetType(name)).FirstOrDefault(type => type is not null)
                ?? throw new InvalidOperationException($"{name} is not in this version of Orleans: the frame guard does not fit it.");
            foreach (var request in Requests(contract.Assembly, contract)) Add(request);
        }

        var elements = contracts.Types.Where(type => type.IsInterface).SelectMany(static type => type.GetMethods()).Where(method => OpenGrainTypes.IsOpen(method, kind)).Select(static method => method.ReturnType)
            .Where(static type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>)).Select(static type => type.GetGenericArguments()[0]).Distinct().ToArray();
        foreach (var request in Requests(typeof(IAsyncEnumerableGrainExtension).Assembly, typeof(IAsyncEnumerableGrainExtension)))
        {
            foreach (var closed in request.IsGenericTypeDefinition ? elements.Select(element => request.MakeGenericType(element)) : [request]) Add(closed);
        }
    }

    /// <summary>The classes that Orleans' generator made for the calls of an interface.</summary>
    private static IEnumerable<Type> Requests(Assembly assembly, Type contract) => assembly.GetTypes().Where(type =>
        typeof(IInvokable).IsAssignableFrom(type) && type.GetCustomAttributes<CompoundTypeAliasAttribute>().Any(alias => alias.Components.Contains(contract)));

    /// <summary>The contract's method that a request is a call of; it says so itself, whatever is in it.</summary>
    private static MethodInfo MethodOf(Type request) => ((IInvokable)RuntimeHelpers.GetUninitializedObject(request)).GetMethod();

    private BodyType Add(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (_known.TryGetValue(type, out var known)) return known;
        if (type.IsEnum) return _known[type] = BodyType.Plain;
        if (ElementOf(type) is { } element)
        {
            var collection = new BodyType(BodyKind.Collection);
            foreach (var shape in (Type[])[type, element.MakeArrayType(), typeof(List<>).MakeGenericType(element), .. _listCodecs.Select(codec => codec.MakeGenericType(element))])
                _known[shape] = collection;
            collection.Element = Add(element);
            return collection;
        }

        // A reference names its grain and interface; Orleans' own proxies stand for it on the wire.
        if (typeof(IAddressable).IsAssignableFrom(type)) return AddReference(type);
        if (typeof(IInvokable).IsAssignableFrom(type)) return AddRequest(type);
        if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) && contracts.Assemblies.Contains(type.Assembly)) return AddRecord(type);
        if (_plumbing.Contains(type.FullName)) return _known[type] = BodyType.Plain;
        throw new InvalidOperationException($"A contract holds {type}, of which the frame guard cannot tell how much it makes the decoder do: teach it, or use another type.");
    }

    private BodyType AddReference(Type contract)
    {
        _known[contract] = BodyType.Plain;
        foreach (var proxy in contract.Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(GrainReference)) && contract.IsAssignableFrom(type))) _known[proxy] = BodyType.Plain;
        return BodyType.Plain;
    }

    private BodyType AddRequest(Type request)
    {
        var shape = _known[request] = new BodyType(BodyKind.Object);
        var arguments = request.GetFields(BindingFlags.Public | BindingFlags.Instance).Where(static field => field.Name.StartsWith("arg", StringComparison.Ordinal))
            .Where(static field => field.FieldType != typeof(CancellationToken))
            .Select(field => (uint.Parse(field.Name.AsSpan(3), System.Globalization.CultureInfo.InvariantCulture), Argument(field.FieldType)));
        var own = Level([.. arguments]);
        // A streaming call's size of batches is its base type's.
        var isStream = request.BaseType is { IsGenericType: true } parent && parent.GetGenericTypeDefinition() == typeof(AsyncEnumerableRequest<>);
        shape.Levels = isStream ? [Level((0, BodyType.Plain)), own] : [own];
        return shape;
    }

    /// <summary>The wrapped call of a stream names its own type, and is nothing without.</summary>
    private BodyType Argument(Type type) => type.IsInterface && typeof(IRequest).IsAssignableFrom(type) ? BodyType.Refused : Add(type);

    private BodyType AddRecord(Type type)
    {
        var shape = _known[type] = new BodyType(BodyKind.Object);
        shape.Levels = LevelsOf(type);
        foreach (var derived in contracts.Types.Where(candidate => candidate.BaseType == type)) Add(derived);
        return shape;
    }

    private List<FrozenDictionary<uint, BodyType>> LevelsOf(Type type)
    {
        var levels = type.BaseType is { } parent && parent.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) ? LevelsOf(parent) : [];
        // The generator keeps a level of its own for constructor parameters without an id.
        if (type.GetMethod("<Clone>$") is not null) levels.Add(Level());
        const BindingFlags own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        var members = type.GetProperties(own).Select(static property => ((MemberInfo)property, property.PropertyType))
            .Concat(type.GetFields(own).Select(static field => ((MemberInfo)field, field.FieldType)));
        levels.Add(Level([.. members.Select(static member => (Id: member.Item1.GetCustomAttribute<IdAttribute>()?.Id, Type: member.Item2))
            .Where(static member => member.Id is not null).Select(member => (member.Id!.Value, Add(member.Type)))]));
        return levels;
    }

    /// <summary>
    /// Errors that an observer answers with. Orleans makes any exception type that it can find; here those of the base library and our own are
    /// possible, by way of the codec that carries a type's name as text.
    /// </summary>
    private void AddException()
    {
        var named = new BodyType(BodyKind.Object);
        named.Levels = [Level((0, new BodyType(BodyKind.ErrorName)), (1, BodyType.Plain), (2, BodyType.Plain), (3, named), (4, BodyType.Plain), (5, BodyType.Refused))];
        _known[typeof(Exception)] = _known[typeof(Orleans.Serialization.ExceptionCodec)] = named;
        var own = Level((0, BodyType.Plain), (1, BodyType.Plain));
        _known[typeof(TidegateException)] = Object(
            [Level((0, BodyType.Plain), (1, BodyType.Plain), (2, named), (3, BodyType.Plain), (4, BodyType.Refused)), own]);
    }

    private static Type? ElementOf(Type type)
    {
        if (type.IsSZArray) return type.GetElementType();
        if (!type.IsGenericType) return null;
        var definition = type.GetGenericTypeDefinition();
        return definition == typeof(List<>) || definition == typeof(IReadOnlyList<>) || definition == typeof(IReadOnlyCollection<>) || definition == typeof(IEnumerable<>) || definition == typeof(IList<>)
            ? type.GetGenericArguments()[0]
            : null;
    }

    private static BodyType Object(IReadOnlyList<FrozenDictionary<uint, BodyType>> levels) => new(BodyKind.Object) { Levels = levels };

    private static FrozenDictionary<uint, BodyType> Level(params (uint Id, BodyType Type)[] fields) => fields.ToFrozenDictionary(static field => field.Id, static field => field.Type);
}
