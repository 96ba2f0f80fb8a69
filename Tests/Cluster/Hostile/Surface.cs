using System.Collections;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Metadata;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Invocation;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>
/// Everything in a running silo that a frame can name, read from Orleans' own registries: grain types, system targets, interfaces with
/// their methods, extensions, and the types that its serializer knows. What a new package or a new contract adds is there by itself.
/// </summary>
internal sealed class Surface
{
    private readonly Dictionary<Type, GrainType[]> _grains;
    private readonly (GrainId Id, Type Type)[] _systemTargets;

    public Surface(IServiceProvider silo)
    {
        var resolver = silo.GetRequiredService<GrainTypeResolver>();
        var classes = silo.GetRequiredService<IOptions<GrainTypeOptions>>().Value.Classes.Select(type => (Type: type, Grain: resolver.GetGrainType(type))).ToArray();
        var manifest = silo.GetRequiredService<IOptions<TypeManifestOptions>>().Value;
        GrainTypes = [.. silo.GetRequiredService<IClusterManifestProvider>().Current.AllGrainManifests.SelectMany(static known => known.Grains.Keys).Distinct()];
        SerializedTypes = [.. manifest.Serializers.Concat(manifest.FieldCodecs).SelectMany(Carried).Concat(manifest.WellKnownTypeIds.Values).Distinct()];
        _systemTargets = [.. Targets(silo)];
        Contracts = [.. manifest.Interfaces.Concat(_systemTargets.SelectMany(static target => target.Type.GetInterfaces())).Where(static type => typeof(IAddressable).IsAssignableFrom(type)).Distinct()];
        _grains = Contracts.ToDictionary(static contract => contract, contract => classes.Where(known => Implements(known.Type, contract)).Select(static known => known.Grain).ToArray());
        Methods = [.. Contracts.Select(static contract => contract.Assembly).Concat(Contracts.SelectMany(Arguments)).Distinct().SelectMany(Requests).OrderBy(static method => method.Name, StringComparer.Ordinal)
            .ThenBy(static method => method.Request.FullName, StringComparer.Ordinal)];
    }

    /// <summary>Interfaces of grains, observers, extensions and system targets.</summary>
    public IReadOnlyList<Type> Contracts { get; }

    /// <summary>Each method of each, by the class of its calls.</summary>
    public IReadOnlyList<SurfaceMethod> Methods { get; }

    /// <summary>The grain types of the cluster's manifest.</summary>
    public IReadOnlyList<GrainType> GrainTypes { get; }

    /// <summary>Types that the serializer has a codec of its own for.</summary>
    public IReadOnlyList<Type> SerializedTypes { get; }

    /// <summary>The silo's system targets.</summary>
    public IEnumerable<GrainId> SystemTargets => _systemTargets.Select(static target => target.Id);

    /// <summary>Whom a call of the contract is meant for: system targets, or grain types; nobody for extensions and observers.</summary>
    public (IReadOnlyList<GrainId> SystemTargets, IReadOnlyList<GrainType> Grains) MeantFor(Type contract) =>
        ([.. _systemTargets.Where(target => contract.IsAssignableFrom(target.Type)).Select(static target => target.Id)], _grains.GetValueOrDefault(contract, []));

    /// <summary>True when the contract opens the method to agents: read from the mark on the method itself, and from nothing else.</summary>
    public static bool IsOpenToAgents(MethodInfo method) => method.GetCustomAttribute<ReachableByAttribute>()?.Roles.Contains(Role.Agent) == true;

    private static IEnumerable<(GrainId, Type)> Targets(IServiceProvider silo)
    {
        // The directory of what is active is Orleans' own; a test that finds nothing in it fails.
        var directory = silo.GetRequiredService(typeof(Orleans.Runtime.Silo).Assembly.GetType("Orleans.Runtime.ActivationDirectory", throwOnError: true)!);
        foreach (var entry in (IEnumerable)directory)
        {
            var (id, context) = (KeyValuePair<GrainId, IGrainContext>)entry;
            if (id.IsSystemTarget()) yield return (id, context.GrainInstance?.GetType() ?? context.GetType());
        }
    }

    private static bool Implements(Type grain, Type contract) => grain.GetInterfaces().Any(known => known == contract || (known.IsGenericType && known.GetGenericTypeDefinition() == contract));

    private static IEnumerable<Assembly> Arguments(Type contract) => contract.IsGenericType ? contract.GetGenericArguments().Select(static type => type.Assembly) : [];

    private static IEnumerable<SurfaceMethod> Requests(Assembly assembly) => assembly.GetTypes()
        .Where(static type => !type.IsAbstract && typeof(IInvokable).IsAssignableFrom(type) && type.GetCustomAttributes<CompoundTypeAliasAttribute>().Any())
        .Select(static type => type.IsGenericTypeDefinition ? Closed(type) : type)
        .Select(static type => (Type: type, Method: ((IInvokable)Activator.CreateInstance(type)!).GetMethod()))
        .Where(static request => request.Method?.DeclaringType is not null)
        .Select(static request => new SurfaceMethod(((IInvokable)Activator.CreateInstance(request.Type)!).GetInterfaceType(), request.Method, request.Type));

    private static Type Closed(Type definition) => definition.MakeGenericType([.. definition.GetGenericArguments().Select(static parameter =>
        parameter.GetGenericParameterConstraints() is [var constraint, ..] && constraint.IsInterface ? constraint : typeof(object))]);

    private static IEnumerable<Type> Carried(Type codec) => codec.GetInterfaces()
        .Where(static shape => shape.IsGenericType && shape.Name is "IFieldCodec`1" or "IBaseCodec`1" or "IValueSerializer`1").Select(static shape => shape.GetGenericArguments()[0])
        .Where(static type => !type.IsGenericParameter);
}
