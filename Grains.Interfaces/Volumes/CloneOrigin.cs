namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>What a clone's head starts from.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.clone-origin")]
public sealed record CloneOrigin(
    [property: Id(0)] byte[] ImageDescriptor,
    [property: Id(1)] long SizeBytes,
    [property: Id(2)] IReadOnlyList<WrappedLineageKey> Keys)
{
    /// <summary>The recovery point that it is; null for a snapshot.</summary>
    [Id(3)]
    public RestoredPoint? Point { get; init; }
}
