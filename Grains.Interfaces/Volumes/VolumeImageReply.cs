namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>An image to read: an encoded descriptor (<c>docs/formats/image.md</c>) and the keys of every lineage it reaches.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.volume-image")]
public sealed record VolumeImageReply(
    [property: Id(0)] byte[] Descriptor,
    [property: Id(1)] IReadOnlyList<LineageKey> Keys)
{
    /// <summary>Read tickets of the blobs that a reader needs first; it asks for the others.</summary>
    [Id(2)] public IReadOnlyList<BlobTicket> Tickets { get; init; } = [];
}
