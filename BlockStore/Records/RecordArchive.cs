using System.Globalization;
using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Records;

/// <summary>Stores state records in a bucket and reads them back (<c>docs/formats/record.md</c>). Safe for parallel use.</summary>
public sealed class RecordArchive(IBlobStore blobs, IKeyProvider keys) : IDisposable
{
    /// <summary>Stands for the account of what belongs to none.</summary>
    public const string ServiceAccount = "service";

    private const int KeyIdBytes = 16;

    private readonly RecordKeys _keys = new(blobs, keys, RandomNonceSource.Instance);

    private static ReadOnlySpan<byte> Magic => "TIDEREC1"u8;

    /// <summary>True for the key of a record.</summary>
    public static bool IsRecord(string blobKey) =>
        blobKey.Split('/') is [_, _, var folder, _] && folder == SegmentIdentity.FolderOf(SegmentKind.Record);

    /// <summary>Stores a record; durable when it returns.</summary>
    public async Task StoreAsync(StateRecord record, CancellationToken cancellationToken = default)
    {
        var (id, key) = await _keys.GetAsync(record.Owner.AccountId, cancellationToken);
        var sealer = new LineageSealer(record.Owner, 1, key, RandomNonceSource.Instance);
        var (reference, blob) = sealer.SealOne(SegmentKind.Record, record.Number, record.Encode());
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        writer.U128(id.Value);
        writer.Bytes(blob.Content.Span);
        await blobs.PutIfAbsentAsync(reference.Identity.BlobKey, writer.ToArray(), cancellationToken);
    }

    /// <summary>Every record in the bucket, in the order of their keys. Lists the whole bucket.</summary>
    public async IAsyncEnumerable<StoredRecord> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var folder = SegmentIdentity.FolderOf(SegmentKind.Record);
        await foreach (var entry in blobs.ListAsync("", cancellationToken))
        {
            var parts = entry.Key.Split('/');
            if (parts.Length != 4 || parts[2] != folder || parts[3].Length != 49) continue;
            if (!long.TryParse(parts[3].AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)) continue;
            yield return new StoredRecord(entry.Key, new LineageId(parts[0], parts[1]), number, entry.CreatedAt);
        }
    }

    /// <summary>Opens a record. Throws <see cref="CorruptDataException"/> when the blob is not the record that its key names.</summary>
    public async Task<StateRecord> OpenAsync(StoredRecord stored, CancellationToken cancellationToken = default)
    {
        var what = $"State record {stored.BlobKey}";
        var content = await blobs.GetRangeAsync(stored.BlobKey, 0, SegmentFormat.MaxPageBytes * 2, cancellationToken);
        var key = await _keys.FindAsync(stored.Owner.AccountId, KeyIdOf(content.Span, what), cancellationToken);
        return Read(content[(Magic.Length + KeyIdBytes)..], stored, key, what);
    }

    /// <summary>Wraps an account's record keys by its current account key; returns how many were not.</summary>
    public Task<int> RewrapAsync(string accountId, CancellationToken cancellationToken = default) => _keys.RewrapAsync(accountId, cancellationToken);

    /// <summary>Wipes the keys.</summary>
    public void Dispose() => _keys.Dispose();

    private static BlobNonce KeyIdOf(ReadOnlySpan<byte> content, string what)
    {
        var reader = new FormatReader(content, what);
        reader.Expect(Magic, "record magic");
        return new BlobNonce(reader.U128("record key"));
    }

    private static StateRecord Read(ReadOnlyMemory<byte> sealedBlob, StoredRecord stored, DataKey key, string what)
    {
        if (sealedBlob.Length < SegmentFormat.MinSegmentBytes) throw new CorruptDataException(what, $"{sealedBlob.Length} bytes are left for its sealed part");
        var identity = SegmentFormat.ReadHeader(sealedBlob.Span, what).Identity;
        if (identity.BlobKey != stored.BlobKey) throw new CorruptDataException(what, $"its header says that it is {identity.BlobKey}");
        var segment = SegmentReader.Open(
            sealedBlob, new SegmentReference(identity, sealedBlob.Length), new Keyring().Add(identity.Owner, identity.Generation, key));
        if (segment.Index.Entries.Count != 1) throw new CorruptDataException(what, $"it has {segment.Index.Entries.Count} frames, not 1");
        var entry = segment.Index.Entries[0];
        var plain = new byte[entry.PlainBytes];
        segment.OpenFrame(0, sealedBlob.Span.Slice(entry.Offset, entry.StoredBytes), plain);
        return StateRecord.Decode(plain, stored.Owner, stored.Number, what);
    }
}
