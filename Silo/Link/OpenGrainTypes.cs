using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Metadata;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>
/// The grain types that implement a contract with at least one method open to a kind of clients, and what their keys are ids of; frames to any
/// other type, or to a key of another form, are refused before a grain is woken.
/// </summary>
internal sealed class OpenGrainTypes(GrainTypeResolver resolver, IOptions<GrainTypeOptions> known)
{
    private readonly Lazy<FrozenDictionary<GrainType, ResourceKind>> _agents = new(() => Collect(LinkClientKind.Agent, resolver, known.Value.Classes));
    private readonly Lazy<FrozenDictionary<GrainType, ResourceKind>> _developers = new(() => Collect(LinkClientKind.Developer, resolver, known.Value.Classes));

    /// <summary>What is open to clients of the kind.</summary>
    public FrozenDictionary<GrainType, ResourceKind> To(LinkClientKind kind) => (kind == LinkClientKind.Agent ? _agents : _developers).Value;

    /// <summary>True when a method is open to some role of clients of the kind.</summary>
    internal static bool IsOpen(MethodInfo method, LinkClientKind kind) => CallPolicy.RolesOf(method)?.Any(role => kind.MayBe(role)) == true;

    /// <summary>True when a contract lets clients of the kind in somewhere.</summary>
    internal static bool IsOpen(Type contract, LinkClientKind kind) => contract.GetMethods().Any(method => IsOpen(method, kind));

    private static FrozenDictionary<GrainType, ResourceKind> Collect(LinkClientKind kind, GrainTypeResolver resolver, IEnumerable<Type> classes)
    {
        var types = new Dictionary<GrainType, ResourceKind>();
        foreach (var type in classes)
        {
            foreach (var contract in type.GetInterfaces().Where(contract => IsOpen(contract, kind)))
            {
                var belongs = contract.GetCustomAttribute<KeyBelongsToAttribute>()
                    ?? throw new InvalidOperationException($"{contract.Name} is open to clients and does not say what its keys are: give it {nameof(KeyBelongsToAttribute)}.");
                if (!types.TryAdd(resolver.GetGrainType(type), belongs.Kind) && types[resolver.GetGrainType(type)] != belongs.Kind)
                    throw new InvalidOperationException($"The contracts of {type.Name} that are open to clients have keys of two forms.");
            }
        }

        return types.ToFrozenDictionary();
    }
}
