namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>Reserves one name. Key: <c>account/kind/name</c>, the name case-folded (overview, rules for grains).</summary>
[GrainInterfaceType("tidegate.name"), Alias("tidegate.name")]
public interface INameGrain : IGrainWithStringKey
{
    /// <summary>Reserves the name for a resource. True when it is now, or already was, that resource's.</summary>
    [Alias("reserve")]
    Task<bool> Reserve(string resourceId);

    /// <summary>Releases the name if it is that resource's.</summary>
    [Alias("release")]
    Task Release(string resourceId);
}
