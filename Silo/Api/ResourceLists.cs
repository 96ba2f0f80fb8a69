using System.Globalization;
using System.Text.Json;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Tenants;
using Tidegate.Grains.Tenants;
using Tidegate.Silo.Projections;

namespace Tidegate.Silo.Api;

/// <summary>The lists of developers' clients, over the projection that REST's lists are read from.</summary>
internal sealed class ResourceLists(ProjectionReader reader, PageTokens tokens) : IResourceLists
{
    public async Task<ResourcePage> PageAsync(ResourceListQuery query, CancellationToken cancellationToken)
    {
        var size = query.PageSize switch
        {
            0 => Lists.DefaultPageSize,
            >= 1 and <= Lists.MaxPageSize => query.PageSize,
            _ => throw new TidegateException(ErrorCodes.InvalidArgument, $"The page size is {query.PageSize}; it must be 1 to {Lists.MaxPageSize}, or 0 for {Lists.DefaultPageSize}."),
        };
        var rows = Rows(query);
        var list = $"link {rows}";
        var place = tokens.Read(list, query.PageToken) ?? ["", ""];
        var found = await reader.ResourcesAsync(rows, place[0], place[1], size + 1, cancellationToken);
        var next = found.Count > size ? tokens.Write(list, found[size - 1].CreatedAt, found[size - 1].Id) : "";
        return new ResourcePage([.. found.Take(size).Select(static row => Line(row.Id, row.CreatedAt, row.Body))], next);
    }

    private static ResourceQuery Rows(ResourceListQuery query)
    {
        // As REST's lists: what is about volumes is for everybody, within bounds; the rest for who looks after the whole account.
        if (query.List is not (ResourceList.Volumes or ResourceList.Snapshots) && (!Roles.Auditors.Contains(Caller.Current.Role) || Caller.Current.Volumes.Length > 0))
            throw new TidegateException(ErrorCodes.Forbidden, $"The API key's role or bounds do not allow the list of {query.List}.", "Use an API key that docs/security/access.md names for it.");
        // The grain lets nobody in without one; an empty account would select nothing and never everything.
        var account = Caller.Current.AccountId;
        var (parent, name) = (query.ParentId.Length == 0 ? null : query.ParentId, query.Name.Length == 0 ? null : query.Name);
        return query.List switch
        {
            ResourceList.Gateways => new ResourceQuery("gateway", account, parent, name),
            ResourceList.Volumes => new ResourceQuery("volume", account, parent, name, Caller.Current.Volumes),
            ResourceList.Snapshots => new ResourceQuery("snapshot", account, parent, name, Caller.Current.Volumes),
            ResourceList.Offers => new ResourceQuery("snapshot-offer", account, parent, name),
            ResourceList.ReceivedOffers => new ResourceQuery("snapshot-offer", null, account, name),
            ResourceList.Copies => new ResourceQuery("snapshot-copy", account, parent, name),
            _ => throw new TidegateException(ErrorCodes.InvalidArgument, $"There is no list {(int)query.List}."),
        };
    }

    private static ListedResource Line(string id, string createdAt, JsonElement body)
    {
        var row = ResourceRow.Of(body);
        return new ListedResource(id, row.Name, row.ParentId, DateTimeOffset.Parse(createdAt, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
    }
}
