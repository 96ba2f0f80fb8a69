namespace Tidegate.Grains.Accounts;

/// <summary>Saved state of a reserved name.</summary>
[GenerateSerializer, Alias("tidegate.state.name")]
internal sealed record NameState
{
    /// <summary>The resource that has the name; empty when it is free.</summary>
    [Id(0)] public string ResourceId { get; init; } = "";
}
