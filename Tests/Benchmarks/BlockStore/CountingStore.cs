using System.Collections.Concurrent;
using Tidegate.BlockStore.Blobs;

namespace Tidegate.Tests.Benchmarks.BlockStore;

/// <summary>A store that counts: requests and bytes put, ranged reads, and what is stored now by folder.</summary>
internal sealed class CountingStore(IBlobStore inner) : IBlobStore
{
    private readonly ConcurrentDictionary<string, long> _stored = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (long Puts, long Bytes)> _putsByKind = new(StringComparer.Ordinal);
    private long _puts, _putBytes, _reads;

    public long Puts => Interlocked.Read(ref _puts);

    public long PutBytes => Interlocked.Read(ref _putBytes);

    public long Reads => Interlocked.Read(ref _reads);

    /// <summary>Bytes of all blobs that are stored.</summary>
    public long StoredBytes => _stored.Values.Sum();

    /// <summary>Bytes of stored blobs by kind; data is one kind, whatever its epoch.</summary>
    public IReadOnlyDictionary<string, long> StoredByKind => _stored
        .GroupBy(blob => KindOf(blob.Key))
        .ToDictionary(group => group.Key, group => group.Sum(blob => blob.Value));

    /// <summary>Requests and bytes put so far, by the same kinds.</summary>
    public IReadOnlyDictionary<string, (long Puts, long Bytes)> PutsByKind => _putsByKind;

    public async Task<PutOutcome> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        var outcome = await inner.PutIfAbsentAsync(key, content, cancellationToken);
        Interlocked.Increment(ref _puts);
        Interlocked.Add(ref _putBytes, content.Length);
        _putsByKind.AddOrUpdate(KindOf(key), (1, content.Length), (_, sum) => (sum.Puts + 1, sum.Bytes + content.Length));
        _stored[key] = content.Length;
        return outcome;
    }

    public Task<ReadOnlyMemory<byte>> GetRangeAsync(string key, long offset, int length, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _reads);
        return inner.GetRangeAsync(key, offset, length, cancellationToken);
    }

    public Task<long?> GetLengthAsync(string key, CancellationToken cancellationToken = default) => inner.GetLengthAsync(key, cancellationToken);

    public async Task<bool> DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        _stored.TryRemove(key, out _);
        return await inner.DeleteAsync(key, cancellationToken);
    }

    public IAsyncEnumerable<BlobEntry> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

    private static string KindOf(string key) => key.Split('/')[2] is { Length: < 16 } kind ? kind : "data";
}
