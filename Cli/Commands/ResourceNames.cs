using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Cli.Commands;

/// <summary>Finds the id of what a person named. Ids pass as they are; names are looked up.</summary>
internal sealed class ResourceNames(TidegateRestClient client)
{
    public Task<string> GatewayAsync(string idOrName, CancellationToken cancellationToken) => FindAsync(
        ResourceKind.Gateway, "gateway", idOrName, client.ListGatewaysAsync(name: idOrName, cancellationToken: cancellationToken), static g => g.GatewayId, static g => g.Name);

    public Task<string> VolumeAsync(string idOrName, CancellationToken cancellationToken) => FindAsync(
        ResourceKind.Volume, "volume", idOrName, client.ListVolumesAsync(name: idOrName, cancellationToken: cancellationToken), static v => v.VolumeId, static v => v.Name);

    private static async Task<string> FindAsync<T>(
        ResourceKind kind, string what, string idOrName, IAsyncEnumerable<T> candidates, Func<T, string> id, Func<T, string> name)
    {
        if (ResourceId.IsValid(kind, idOrName)) return idOrName;
        var found = new List<string>();
        await foreach (var candidate in candidates)
        {
            // The service folds case in names; one that is written exactly so is meant whatever else there is.
            if (string.Equals(name(candidate), idOrName, StringComparison.Ordinal)) return id(candidate);
            if (string.Equals(name(candidate), idOrName, StringComparison.OrdinalIgnoreCase)) found.Add(id(candidate));
        }
        return found switch
        {
            [var only] => only,
            [] => throw new TidegateException(ErrorCodes.NotFound, $"There is no {what} '{idOrName}'.", $"List them: tidegate {what}s list."),
            _ => throw new TidegateException(ErrorCodes.InvalidArgument, $"'{idOrName}' names {found.Count} {what}s: {string.Join(", ", found)}.", "Give the id."),
        };
    }
}
