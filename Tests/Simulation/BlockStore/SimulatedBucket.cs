using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// The bucket: blobs in memory for one thread, on simulated time. It remembers what it ever held under a key: other bytes under a
/// used key mean that a nonce was used twice, or that a repeat was not one.
/// </summary>
internal sealed class SimulatedBucket(Func<DateTimeOffset> now) : IBlobStore, IBlobSource
{
    private readonly Dictionary<string, (ReadOnlyMemory<byte> Content, DateTimeOffset CreatedAt, long Number)> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _ever = new(StringComparer.Ordinal);

    /// <summary>Blobs stored now.</summary>
    internal int Count => _blobs.Count;

    /// <summary>How many were ever stored.</summary>
    internal long Stored { get; private set; }

    /// <summary>Loses all that was stored later.</summary>
    internal void PutBack(long stored)
    {
        foreach (var key in _blobs.Where(blob => blob.Value.Number > stored).Select(blob => blob.Key).ToList()) _blobs.Remove(key);
    }

    /// <summary>Deletions so far.</summary>
    internal int Deleted { get; private set; }

    /// <summary>True when the key was ever stored.</summary>
    internal bool Held(string key) => _ever.ContainsKey(key);

    internal bool Contains(string key) => _blobs.ContainsKey(key);

    internal ReadOnlyMemory<byte> Content(string key) => _blobs[key].Content;

    internal IEnumerable<string> Keys => _blobs.Keys.Order(StringComparer.Ordinal);

    public Task<PutOutcome> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        if (_ever.TryGetValue(key, out var known))
        {
            if (!known.Span.SequenceEqual(content.Span)) throw new Violation($"blob {key} is put with other bytes than before: a nonce was used twice");
            if (_blobs.ContainsKey(key)) return Task.FromResult(PutOutcome.AlreadyThere);
        }
        var copy = known.IsEmpty ? content.ToArray() : known;
        _ever[key] = copy;
        _blobs[key] = (copy, now(), ++Stored);
        return Task.FromResult(PutOutcome.Stored);
    }

    public Task<ReadOnlyMemory<byte>> GetRangeAsync(string key, long offset, int length, CancellationToken cancellationToken = default)
    {
        if (!_blobs.TryGetValue(key, out var blob)) throw new BlobNotFoundException(key);
        var start = (int)Math.Min(offset, blob.Content.Length);
        return Task.FromResult(blob.Content.Slice(start, Math.Min(length, blob.Content.Length - start)));
    }

    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(string blobKey, long offset, int length, CancellationToken cancellationToken) =>
        new(GetRangeAsync(blobKey, offset, length, cancellationToken));

    public Task<long?> GetLengthAsync(string key, CancellationToken cancellationToken = default) =>
        Task.FromResult(_blobs.TryGetValue(key, out var blob) ? blob.Content.Length : (long?)null);

    public Task<bool> DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        var existed = _blobs.Remove(key);
        if (existed) Deleted++;
        return Task.FromResult(existed);
    }

    public async IAsyncEnumerable<BlobEntry> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        foreach (var key in Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList())
            if (_blobs.TryGetValue(key, out var blob)) yield return new BlobEntry(key, blob.Content.Length, blob.CreatedAt);
    }
}
