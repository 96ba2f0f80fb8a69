using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>A contract with a method that somebody forgot to mark: closed, unless the rule that closes it is off.</summary>
[KeyBelongsTo(KeyOwner.Gateway, ResourceKind.Gateway), Alias("test.planted")]
public interface IPlantedGrain : IGrainWithStringKey
{
    /// <summary>Open to agents.</summary>
    [ReachableBy(Role.Agent), Alias("marked")]
    Task<string> Marked();

    /// <summary>Open to nobody.</summary>
    [Alias("unmarked")]
    Task<string> Unmarked();
}
