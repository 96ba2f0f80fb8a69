namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// What a reader of images needs of a blob store: a store itself at the service (<see cref="BlobStoreSource"/>), read tickets
/// over HTTP at an agent. Safe for parallel calls.
/// </summary>
public interface IBlobSource
{
    /// <summary>
    /// Reads <paramref name="length"/> bytes at <paramref name="offset"/>; fewer at the end of the blob, and the reader says so.
    /// Throws <see cref="BlobNotFoundException"/> when the key names nothing.
    /// </summary>
    ValueTask<ReadOnlyMemory<byte>> ReadAsync(string blobKey, long offset, int length, CancellationToken cancellationToken);
}
