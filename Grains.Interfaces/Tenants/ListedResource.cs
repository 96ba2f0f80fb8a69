namespace Tidegate.Grains.Interfaces.Tenants;

/// <summary>A line of a list: enough to choose by. What it is now, its grain describes.</summary>
/// <param name="Id">Opaque id.</param>
/// <param name="Name">Its name; empty for what has none.</param>
/// <param name="ParentId">See <see cref="ResourceList"/>; empty where there is none.</param>
/// <param name="CreatedAt">Service time of its creation, or of the request for a snapshot.</param>
[GenerateSerializer, Immutable, Alias("tidegate.listed-resource")]
public sealed record ListedResource(
    [property: Id(0)] string Id, [property: Id(1)] string Name, [property: Id(2)] string ParentId, [property: Id(3)] DateTimeOffset CreatedAt);
