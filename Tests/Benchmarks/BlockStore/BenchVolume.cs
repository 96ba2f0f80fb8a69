using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Kit.Blobs;

namespace Tidegate.Tests.Benchmarks.BlockStore;

/// <summary>
/// One volume as agent and service drive it, in one process and without a network: segments of the agent's size, commits, folds by the
/// service's policy, compaction behind each fold, head manifests, and blobs deleted as soon as they are condemned. No recovery window.
/// </summary>
internal sealed class BenchVolume
{
    /// <summary>What the agent seals at.</summary>
    private const int SegmentBytes = 8 << 20;

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(50);

    private readonly DataKey _key;
    private readonly AccountKey _account = new(new byte[AccountKey.LengthBytes]);
    private readonly Keyring _ring = new();
    private readonly LineageSealer _sealer;
    private SegmentBuilder _builder;
    private long _logEnd;
    private int _askedAt;

    /// <summary>A new volume.</summary>
    public BenchVolume(IBlobStore store, long sizeBytes)
        : this(store, DataKey.Generate(), HeadMachine.Create(new LineageId("123456789012", "vol-bench"), 1, sizeBytes))
    {
    }

    private BenchVolume(IBlobStore store, DataKey key, VolumeHead head)
    {
        Store = new CountingStore(store);
        _key = key;
        _ring.Add(head.Lineage, 1, _key);
        _sealer = new LineageSealer(head.Lineage, 1, _key, RandomNonceSource.Instance);
        Segments = Open();
        Head = head with { Epoch = 1 };
        _builder = new SegmentBuilder(_key, 0);
    }

    public CountingStore Store { get; }

    public LineageId Lineage => Head.Lineage;

    public VolumeHead Head { get; private set; }

    public SegmentCache Segments { get; }

    /// <summary>Bytes that were written to the volume.</summary>
    public long WrittenBytes { get; private set; }

    /// <summary>True to compact behind every fold, as the service does.</summary>
    public bool Compacts { get; init; }

    /// <summary>Bytes that compaction stored.</summary>
    public long CompactedBytes { get; private set; }

    /// <summary>What merging did in the newest fold.</summary>
    public MergeTally Merging { get; private set; }

    /// <summary>A volume whose base is a generated map, with its accounts.</summary>
    public static async Task<BenchVolume> OfMapAsync(GeneratedMap map, IBlobStore store)
    {
        var volume = new BenchVolume(store, map.Key, map.Head);
        var catalogue = new CatalogueEdit(volume.Head, volume.Segments);
        foreach (var life in map.Lives) await catalogue.PutLifeAsync(life, default);
        await volume.SaveAsync(HeadMachine.ChangeCatalogue(volume.Head, await catalogue.SealAsync(volume._sealer, volume.Head.Version + 1, Now)));
        return volume;
    }

    /// <summary>A cold cache.</summary>
    public SegmentCache Open() => new(new BlobStoreSource(Store), _ring);

    public async Task WriteAsync(long offset, ReadOnlyMemory<byte> data)
    {
        _builder.Write(offset, data.Span);
        WrittenBytes += data.Length;
        _logEnd += data.Length + 64;
        if (_builder.DataBytes >= SegmentBytes) await CommitAsync();
    }

    public void Discard(long offset, long length)
    {
        _builder.Discard(offset, length);
        _logEnd += 64;
    }

    /// <summary>Seals, stores and commits what was written, and makes it a snapshot when an id is given.</summary>
    public async Task CommitAsync(string? snapshotId = null)
    {
        _logEnd += 64;
        var identity = SegmentIdentity.NewData(Lineage, 1, Head.Epoch, Head.CommittedSequence + 1, RandomNonceSource.Instance);
        using (var segment = _builder.Seal(identity, Head.TipDigest, _logEnd, Now, Now))
        {
            await Store.PutIfAbsentAsync(segment.BlobKey, segment.Content);
            var claim = new SegmentClaim(
                segment.BlobKey, Head.CommittedSequence + 1, _builder.LogStart, _logEnd, Head.TipDigest, segment.Digest, segment.LengthBytes,
                segment.FrameBytes, Now, snapshotId is null ? [] : [snapshotId]);
            await SaveAsync(HeadMachine.Commit(Head, Head.Epoch, [claim], Now, _sealer));
        }
        _builder.Dispose();
        _builder = new SegmentBuilder(_key, _logEnd);
        if (!FoldPolicy.IsTimeToAsk(Head, _askedAt)) return;
        _askedAt = Head.Tail.Count;
        if (await FoldPolicy.IsWorthItAsync(Head, Segments)) await FoldAsync();
    }

    public async Task FoldAsync()
    {
        var cuts = await new CatalogueEdit(Head, Segments).ListCutsAsync(Head.BaseSequence, long.MaxValue);
        var fold = await new Folder(Segments, _sealer, PutAsync).FoldAsync(Head, cuts.Select(cut => cut.Sequence).ToHashSet());
        if (fold is null) return;
        _askedAt = 0;
        Merging = fold.Merging;
        await PublishAsync(await PreparedChange.OfFoldAsync(Head, fold, Segments, _sealer, new ReclaimTerms(Now, Retention.None)));
        if (Compacts) await CompactAsync();
    }

    /// <summary>Compacts until there is nothing worth it.</summary>
    public async Task CompactAsync()
    {
        while (await new Compactor(Segments, _sealer, PutAsync).CompactAsync(Head) is { } job)
        {
            CompactedBytes += job.StoredBytes;
            await PublishAsync(await PreparedChange.OfCompactionAsync(Head, job, Now, Segments, _sealer));
        }
    }

    public async Task DeleteSnapshotAsync(string snapshotId) =>
        await PublishAsync(await SnapshotDeletion.PrepareAsync(Head, [snapshotId], Now, Segments, _sealer));

    /// <summary>Deletes what is condemned, as after all grace.</summary>
    public async Task BuryAsync()
    {
        var catalogue = new CatalogueEdit(Head, Segments);
        await foreach (var tombstone in catalogue.ListTombstonesAsync()) await Store.DeleteAsync(tombstone.BlobKey);
    }

    /// <summary>Stored bytes of frames and pages that head and snapshots reach, by the accounts.</summary>
    public async Task<long> ReachableBytesAsync()
    {
        long bytes = 0;
        await foreach (var life in new CatalogueEdit(Head, Segments).ListLivesAsync()) bytes += life.NeededBytes;
        return bytes;
    }

    private async Task SaveAsync(HeadChange change)
    {
        if (change.Refusal is { } refusal) throw new InvalidOperationException(refusal.Message);
        if (change.Cuts.Count > 0)
        {
            var catalogue = new CatalogueEdit(change.Head, Segments);
            foreach (var cut in change.Cuts) await catalogue.PutSnapshotAsync(cut);
            change = change.WithCatalogue(await catalogue.SealAsync(_sealer, change.Head.Version, Now));
        }
        foreach (var blob in change.Blobs) await PutAsync(blob, default);
        if (change.Head.Catalogue != Head.Catalogue)
        {
            var manifest = new HeadManifest(change.Head, [new WrappedKey(Lineage, 1, _account.Wrap(Lineage, 1, _key))]).Seal(_sealer);
            await PutAsync(manifest, default);
        }
        // The head goes through its codec, as between turns of a grain.
        Head = VolumeHead.Decode(change.Head.Encode());
    }

    private async Task PublishAsync(PreparedChange? change)
    {
        var tail = await TailManifest.LoadAsync(Segments, Head.Tail, default);
        await SaveAsync((change ?? throw new InvalidOperationException("Nobody else changes this volume.")).Publish(Head, tail, _sealer, Now));
        await BuryAsync();
    }

    private async ValueTask PutAsync(BlobEffect blob, CancellationToken cancellationToken) =>
        await Store.PutIfAbsentAsync(blob.Key, blob.Content, cancellationToken);
}
