using Tidegate.Grains.Interfaces.Tenants;

namespace Tidegate.Grains.Tenants;

/// <summary>Pages of an account's resources; the host implements it over its projection.</summary>
public interface IResourceLists
{
    /// <summary>A page for the current caller, whose account it is. Throws <c>InvalidArgument</c> for page sizes and tokens.</summary>
    Task<ResourcePage> PageAsync(ResourceListQuery query, CancellationToken cancellationToken);
}
