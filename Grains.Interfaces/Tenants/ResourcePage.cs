namespace Tidegate.Grains.Interfaces.Tenants;

/// <summary>A page of a list.</summary>
/// <param name="Items">Oldest first.</param>
/// <param name="NextPageToken">For the page after; empty when this was the last.</param>
[GenerateSerializer, Immutable, Alias("tidegate.resource-page")]
public sealed record ResourcePage([property: Id(0)] IReadOnlyList<ListedResource> Items, [property: Id(1)] string NextPageToken);
