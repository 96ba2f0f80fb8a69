using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Silo.Api;

/// <summary>Ids in requests. A malformed one answers as a missing one, before any grain is woken by it.</summary>
internal static class Ids
{
    /// <summary>Throws <c>NotFound</c> unless the id is well-formed.</summary>
    public static void Require(ResourceKind kind, string id, string resource)
    {
        if (!ResourceId.IsValid(kind, id)) throw Missing(resource, id);
    }

    /// <summary>The same words that grains use for what is missing or foreign.</summary>
    public static TidegateException Missing(string resource, string id) =>
        new(ErrorCodes.NotFound, $"{resource} {id} does not exist.", "Check the id; list the resources of this account to see what there is.");
}
