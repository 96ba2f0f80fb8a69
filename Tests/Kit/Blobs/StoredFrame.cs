namespace Tidegate.Tests.Kit.Blobs;

/// <summary>Where one frame is stored.</summary>
/// <param name="BlobKey">The segment that it belongs to and is named by.</param>
/// <param name="StoredIn">The blob that it lies in: the segment's own, or the container that compaction moved it to.</param>
/// <param name="Offset">Its place in there.</param>
/// <param name="StoredBytes">Its size.</param>
internal readonly record struct StoredFrame(string BlobKey, string StoredIn, long Offset, int StoredBytes);
