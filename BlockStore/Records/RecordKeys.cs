using System.Collections.Concurrent;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Records;

/// <summary>
/// The keys that accounts' records are sealed with (<c>docs/formats/record.md</c>, Record keys): found in the bucket, made when an account
/// has none. Kept in memory once opened. Safe for parallel use.
/// </summary>
internal sealed class RecordKeys(IBlobStore blobs, IKeyProvider provider, INonceSource nonces) : IDisposable
{
    public const string Resource = "records";

    private const string Folder = "key";
    private const int Generation = 1;

    private readonly SemaphoreSlim _making = new(1, 1);
    private readonly ConcurrentDictionary<(string AccountId, BlobNonce Id), DataKey> _keys = [];
    private readonly ConcurrentDictionary<string, BlobNonce> _own = [];

    private static ReadOnlySpan<byte> Magic => "TIDERKY1"u8;

    /// <summary>The key to seal an account's records with.</summary>
    public async Task<(BlobNonce Id, DataKey Key)> GetAsync(string accountId, CancellationToken cancellationToken)
    {
        if (_own.TryGetValue(accountId, out var known)) return (known, _keys[(accountId, known)]);
        await _making.WaitAsync(cancellationToken);
        try
        {
            await foreach (var (_, id) in ListAsync(blobs, accountId, cancellationToken))
            {
                var found = await FindAsync(accountId, id, cancellationToken);
                _own[accountId] = id;
                return (id, found);
            }
            return await MakeAsync(accountId, cancellationToken);
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>The key of that id. Throws <see cref="CorruptDataException"/> when none of its wrappings opens.</summary>
    public async Task<DataKey> FindAsync(string accountId, BlobNonce id, CancellationToken cancellationToken)
    {
        if (_keys.TryGetValue((accountId, id), out var known)) return known;
        Exception? problem = null;
        var wrappings = await ListAsync(blobs, accountId, cancellationToken).Where(one => one.Id == id).Select(one => one.BlobKey).ToListAsync(cancellationToken);
        foreach (var blobKey in wrappings.AsEnumerable().Reverse())
        {
            try
            {
                var wrapped = Decode(blobKey, (await blobs.GetRangeAsync(blobKey, 0, 1024, cancellationToken)).Span);
                var key = await provider.UnwrapAsync(new LineageId(accountId, Resource), Generation, wrapped, cancellationToken);
                return _keys.GetOrAdd((accountId, id), key);
            }
            catch (CorruptDataException damage)
            {
                problem ??= damage;
            }
        }
        throw new CorruptDataException($"Record key {id} of account {accountId}", problem?.Message ?? "it is not stored", problem);
    }

    /// <summary>Wraps every record key of an account again that is not wrapped by its current account key; returns how many.</summary>
    public async Task<int> RewrapAsync(string accountId, CancellationToken cancellationToken)
    {
        var count = 0;
        var all = await ListAsync(blobs, accountId, cancellationToken).ToListAsync(cancellationToken);
        foreach (var same in all.GroupBy(one => one.Id))
        {
            var newest = same.Last().BlobKey;
            var owner = new LineageId(accountId, Resource);
            var wrapped = Decode(newest, (await blobs.GetRangeAsync(newest, 0, 1024, cancellationToken)).Span);
            if (!await provider.IsCurrentAsync(owner, Generation, wrapped, cancellationToken))
            {
                var key = await FindAsync(accountId, same.Key, cancellationToken);
                await PutAsync(accountId, SequenceOf(newest) + 1, same.Key, key, cancellationToken);
                count++;
            }
            // The older wrappings open with a key that is to be retired.
            foreach (var (older, _) in same.SkipLast(1)) await blobs.DeleteAsync(older, cancellationToken);
        }
        return count;
    }

    public void Dispose()
    {
        _making.Dispose();
        foreach (var key in _keys.Values) key.Dispose();
    }

    private async Task<(BlobNonce Id, DataKey Key)> MakeAsync(string accountId, CancellationToken cancellationToken)
    {
        var (id, key) = (nonces.Next(), DataKey.Generate());
        await PutAsync(accountId, 1, id, key, cancellationToken);
        _keys[(accountId, id)] = key;
        _own[accountId] = id;
        return (id, key);
    }

    private async Task PutAsync(string accountId, long sequence, BlobNonce id, DataKey key, CancellationToken cancellationToken)
    {
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        writer.Counted(await provider.WrapAsync(new LineageId(accountId, Resource), Generation, key, cancellationToken));
        await blobs.PutIfAbsentAsync($"{accountId}/{Resource}/{Folder}/{sequence:x16}-{id}", writer.ToArray(), cancellationToken);
    }

    private static byte[] Decode(string blobKey, ReadOnlySpan<byte> content)
    {
        var reader = new FormatReader(content, $"Record key {blobKey}");
        reader.Expect(Magic, "record key magic");
        var wrapped = reader.Counted("wrapped key").ToArray();
        reader.End();
        return wrapped;
    }

    private static long SequenceOf(string blobKey) =>
        long.Parse(blobKey.AsSpan(blobKey.LastIndexOf('/') + 1, 16), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Wrapped keys in the order of their sequences.</summary>
    private static async IAsyncEnumerable<(string BlobKey, BlobNonce Id)> ListAsync(
        IBlobStore blobs, string accountId, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in blobs.ListAsync($"{accountId}/{Resource}/{Folder}/", cancellationToken))
            if (entry.Key.Length > 33 && BlobNonce.TryParse(entry.Key.AsSpan(entry.Key.Length - 32), out var id)) yield return (entry.Key, id);
    }
}
