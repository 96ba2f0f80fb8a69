using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;

namespace Tidegate.Tests.Kit.Blobs;

/// <summary>Blobs in memory; passes the same contract suite as the adapters that ship. Lets a test alter stored bytes.</summary>
public sealed class MemoryBlobStore(TimeProvider time) : IBlobStore
{
    private readonly ConcurrentDictionary<string, (byte[] Content, DateTimeOffset CreatedAt)> _blobs = new(StringComparer.Ordinal);
    private long _reads;

    /// <summary>Number of ranged reads so far.</summary>
    public long Reads => Interlocked.Read(ref _reads);

    /// <summary>Keys now stored.</summary>
    public IReadOnlyCollection<string> Keys => [.. _blobs.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Replaces a blob's bytes behind everybody's back, as a failing disk or an attacker would.</summary>
    public void Tamper(string key, Func<byte[], byte[]> change)
    {
        var (content, createdAt) = _blobs[key];
        _blobs[key] = (change([.. content]), createdAt);
    }

    /// <summary>Asked before a blob is stored, by its key: holds the writer up for as long as a test wants, or fails it.</summary>
    public Func<string, Task>? Putting { get; set; }

    /// <summary>Asked before a blob is deleted, by its key; what it throws is what the store says.</summary>
    public Action<string>? Deleting { get; set; }

    /// <summary>What the store does wrong; null while nothing.</summary>
    public BlobStoreFaults? Faults { get; set; }

    /// <inheritdoc/>
    public async Task<PutOutcome> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        cancellationToken.ThrowIfCancellationRequested();
        if (Putting is { } putting) await putting(key);
        var faults = Faults;
        if (faults is not null) await faults.BeforeAsync("put", key, cancellationToken);
        var isStored = _blobs.TryAdd(key, (content.ToArray(), time.GetUtcNow()));
        faults?.After("put", key);
        if (isStored) return PutOutcome.Stored;
        return _blobs.TryGetValue(key, out var blob) && blob.Content.AsSpan().SequenceEqual(content.Span)
            ? PutOutcome.AlreadyThere
            : throw new BlobConflictException(key);
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> GetRangeAsync(string key, long offset, int length, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        cancellationToken.ThrowIfCancellationRequested();
        if (Faults is { } faults) await faults.BeforeAsync("get", key, cancellationToken);
        Interlocked.Increment(ref _reads);
        if (!_blobs.TryGetValue(key, out var blob)) throw new BlobNotFoundException(key);
        var start = (int)Math.Min(offset, blob.Content.Length);
        return blob.Content.AsMemory(start, Math.Min(length, blob.Content.Length - start)).ToArray();
    }

    /// <inheritdoc/>
    public Task<long?> GetLengthAsync(string key, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        return Task.FromResult(_blobs.TryGetValue(key, out var blob) ? blob.Content.Length : (long?)null);
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        cancellationToken.ThrowIfCancellationRequested();
        Deleting?.Invoke(key);
        var faults = Faults;
        if (faults is not null) await faults.BeforeAsync("delete", key, cancellationToken);
        var isDeleted = _blobs.TryRemove(key, out _);
        faults?.After("delete", key);
        return isDeleted;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        BlobKey.CheckPrefix(prefix);
        await Task.Yield();
        if (Faults is { } faults) await faults.BeforeAsync("list", prefix, cancellationToken);
        foreach (var key in Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_blobs.TryGetValue(key, out var blob)) yield return new BlobEntry(key, blob.Content.Length, blob.CreatedAt);
        }
    }
}
