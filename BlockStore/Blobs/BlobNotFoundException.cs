namespace Tidegate.BlockStore.Blobs;

/// <summary>The key names no blob.</summary>
public sealed class BlobNotFoundException(string key) : IOException($"Blob '{key}' does not exist in the store.")
{
    /// <summary>The key.</summary>
    public string Key { get; } = key;
}
