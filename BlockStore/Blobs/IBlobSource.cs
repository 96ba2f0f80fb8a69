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

    /// <summary>
    /// The same into a buffer of the wanted length, which may be used again for another read: how many bytes there were. Once this ends, nobody
    /// writes to the buffer any more.
    /// </summary>
    async ValueTask<int> ReadAsync(string blobKey, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await ReadAsync(blobKey, offset, buffer.Length, cancellationToken);
        read.CopyTo(buffer);
        return read.Length;
    }
}
