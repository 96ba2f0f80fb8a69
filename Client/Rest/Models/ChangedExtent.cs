namespace Tidegate.Client.Rest.Models;

/// <summary>A run of changed blocks: an item of <c>GET /v1/snapshots/{id}/changed-blocks</c> (M5.1).</summary>
/// <param name="OffsetBytes">Where it begins; a multiple of 65536.</param>
/// <param name="LengthBytes">Its length; a multiple of 65536, but at the end of the image.</param>
public sealed record ChangedExtent(long OffsetBytes, long LengthBytes);
