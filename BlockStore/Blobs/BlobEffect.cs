namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// A blob that must be stored before the state that refers to it is saved. Storing it twice is harmless; storing it in vain leaves
/// an orphan for the auditor.
/// </summary>
public sealed record BlobEffect(string Key, ReadOnlyMemory<byte> Content);
