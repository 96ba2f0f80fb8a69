namespace Tidegate.Grains.Interfaces.Tenants;

/// <summary>Which page of which list.</summary>
/// <param name="List">The list.</param>
[GenerateSerializer, Immutable, Alias("tidegate.resource-list-query")]
public sealed record ResourceListQuery([property: Id(0)] ResourceList List)
{
    /// <summary>Only what has this parent (<see cref="ResourceList"/>); empty for all.</summary>
    [Id(1)] public string ParentId { get; init; } = "";

    /// <summary>Only what has exactly this name; empty for all.</summary>
    [Id(2)] public string Name { get; init; } = "";

    /// <summary>1 to 200; 0 for 50.</summary>
    [Id(3)] public int PageSize { get; init; }

    /// <summary><see cref="ResourcePage.NextPageToken"/> of the page before; empty for the first.</summary>
    [Id(4)] public string PageToken { get; init; } = "";
}
