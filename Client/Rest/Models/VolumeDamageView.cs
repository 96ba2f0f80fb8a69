namespace Tidegate.Client.Rest.Models;

/// <summary>Something that a volume has stored and that is damaged.</summary>
/// <param name="Kind">What it is: a page, a segment, a frame.</param>
/// <param name="BlobKey">The blob.</param>
/// <param name="Block">The 64 KiB block whose sectors it holds; null when it is no block's.</param>
/// <param name="Image">The snapshot that leads there, or <c>head</c>; empty when no image does.</param>
/// <param name="Problem">What is wrong.</param>
public sealed record VolumeDamageView(string Kind, string BlobKey, long? Block, string Image, string Problem);
