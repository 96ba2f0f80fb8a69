namespace Tidegate.Tests.Kit.Blobs;

/// <summary>Where one frame is stored: its blob, and its place in there.</summary>
internal readonly record struct StoredFrame(string BlobKey, long Offset, int StoredBytes);
