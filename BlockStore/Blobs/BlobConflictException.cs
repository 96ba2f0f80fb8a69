namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// A put met its key with other bytes, and changed nothing. Keys carry a nonce drawn for their bytes
/// (<c>docs/formats/overview.md</c>, Names of blobs), so this is a fault or an attack, never a retry.
/// </summary>
public sealed class BlobConflictException(string key)
    : IOException($"Blob '{key}' exists with other bytes than were to be stored; it was left as it is. Find out who else writes to the store.")
{
    /// <summary>The key.</summary>
    public string Key { get; } = key;
}
