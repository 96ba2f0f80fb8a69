namespace Tidegate.BlockStore.Blobs;

/// <summary>One listed blob.</summary>
public readonly record struct BlobEntry(string Key, long LengthBytes, DateTimeOffset CreatedAt);
