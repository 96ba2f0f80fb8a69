namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// Immutable blobs by key (<c>docs/formats/overview.md</c>). Keys are slash-separated ASCII segments of <c>[a-z0-9-]</c>,
/// at most 200 characters. Failures of the store are <see cref="IOException"/> that name the key; adapters that reach theirs over a
/// network try again by themselves first. One contract suite runs against every adapter.
/// </summary>
public interface IBlobStore
{
    /// <summary>
    /// Stores a blob unless the key exists; durable when it returns. A key that holds the same bytes is <see
    /// cref="PutOutcome.AlreadyThere"/>: a retry after a lost answer succeeds. One that holds other bytes is left as it is and is
    /// <see cref="BlobConflictException"/>.
    /// </summary>
    Task<PutOutcome> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads <paramref name="length"/> bytes at <paramref name="offset"/>; shorter at the end of the blob. Throws <see
    /// cref="BlobNotFoundException"/>.
    /// </summary>
    Task<ReadOnlyMemory<byte>> GetRangeAsync(string key, long offset, int length, CancellationToken cancellationToken = default);

    /// <summary>Size in bytes, or null when the key is absent.</summary>
    Task<long?> GetLengthAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Deletes; true when the key existed, and false also where a lost answer hides that it did.</summary>
    Task<bool> DeleteAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Every key with the prefix, in ordinal order; for the auditor alone.</summary>
    IAsyncEnumerable<BlobEntry> ListAsync(string prefix, CancellationToken cancellationToken = default);
}
