namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>Something that a volume has stored and that is damaged.</summary>
/// <param name="Kind">What it is: a page, a segment, a frame.</param>
/// <param name="BlobKey">The blob.</param>
/// <param name="Block">The 64 KiB block whose sectors it holds; null when it is no block's.</param>
/// <param name="Image">The snapshot that leads there, or <c>head</c>; empty when no image does.</param>
/// <param name="Problem">What is wrong.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-damage")]
public sealed record VolumeDamage(
    [property: Id(0)] string Kind,
    [property: Id(1)] string BlobKey,
    [property: Id(2)] long? Block,
    [property: Id(3)] string Image,
    [property: Id(4)] string Problem);
