using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Metadata;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>The grain types that implement a contract with at least one method open to clients; frames to any other are refused.</summary>
internal sealed class OpenGrainTypes(GrainTypeResolver resolver, IOptions<GrainTypeOptions> known)
{
    private readonly Lazy<FrozenSet<GrainType>> _types = new(() =>
        known.Value.Classes.Where(c => c.GetInterfaces().Any(IsOpen)).Select(resolver.GetGrainType).ToFrozenSet());

    public FrozenSet<GrainType> GrainTypes => _types.Value;

    /// <summary>True when a contract lets a client in somewhere.</summary>
    internal static bool IsOpen(Type contract) =>
        contract.GetMethods().Any(m => m.GetCustomAttribute<ReachableByAttribute>() is not null);
}
