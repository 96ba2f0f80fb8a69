namespace Tidegate.Cli.Store;

/// <summary>How much of one kind a volume has stored, referred to or not.</summary>
internal sealed record BlobFolderView(string Kind, long Blobs, long Bytes);
