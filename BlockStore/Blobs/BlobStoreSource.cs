namespace Tidegate.BlockStore.Blobs;

/// <summary>A blob store as a source of reads.</summary>
public sealed class BlobStoreSource(IBlobStore store) : IBlobSource
{
    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(string blobKey, long offset, int length, CancellationToken cancellationToken) =>
        await store.GetRangeAsync(blobKey, offset, length, cancellationToken);
}
