using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Kit.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore;

/// <summary>
/// One volume, driven as agent and service drive it: records go to a segment, segments are committed, cuts taken, tails folded. Beside it
/// runs a model, sector by sector, that knows nothing of formats.
/// </summary>
internal sealed class VolumeScenario
{
    public const long DefaultSize = 40L << 30;
    /// <summary>Compacts whatever has any garbage, in small units.</summary>
    public static readonly CompactionOptions Eager = new()
    {
        TargetRatio = 1.05,
        MinGarbageBytes = 0,
        MaxCopiedBytes = 1 << 20,
        MaxBlobs = 16,
        ContainerBytes = 64 << 10,
        SmallBlobBytes = 8 << 10,
        MinSmallBlobs = 5,
    };

    private const string Account = "123456789012";

    private readonly SeededNonces _nonces;
    private readonly DataKey _key;
    private readonly VolumeScenario? _origin;
    private SegmentBuilder _builder;
    private long _logPosition;
    private int _writes;

    public VolumeScenario(
        string volume = "vol-1", long sizeBytes = DefaultSize, VolumeScenario? origin = null, ImageDescriptor? image = null,
        IReadOnlyDictionary<long, int>? model = null)
    {
        Lineage = new LineageId(Account, volume);
        _key = new DataKey(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(volume)));
        _nonces = new SeededNonces(((ulong)volume[^1] << 32) + (origin?.Lineage.VolumeId == volume ? 1ul << 24 : 0));
        _origin = origin;
        Store = origin?.Store ?? new MemoryBlobStore(TimeProvider.System);
        Ring = origin?.Ring ?? new Keyring();
        Ring.Add(Lineage, 1, _key);
        Segments = new SegmentCache(new BlobStoreSource(Store), Ring);
        Sealer = new LineageSealer(Lineage, 1, _key, _nonces);
        Head = image is null ? HeadMachine.Create(Lineage, 1, sizeBytes) : HeadMachine.CreateClone(Lineage, 1, image);
        Model = model is null ? [] : new Dictionary<long, int>(model);
        PointModels[0] = new Dictionary<long, int>(Model);
        _writes = origin?._writes + 1_000_000 ?? 0;
        _builder = new SegmentBuilder(_key, 0);
    }

    public LineageId Lineage { get; }
    public MemoryBlobStore Store { get; }
    public Keyring Ring { get; }
    public SegmentCache Segments { get; }
    public LineageSealer Sealer { get; }
    public VolumeHead Head { get; private set; }

    /// <summary>The tables that a reader of this volume needs now: its own and its origins'.</summary>
    public IReadOnlyList<RelocationRoot> Relocations => [.. Head.Relocations, .. _origin is null || _origin.Lineage == Lineage ? [] : _origin.Relocations];

    /// <summary>What of the past is kept besides snapshots.</summary>
    public Retention Retention { get; set; } = Retention.None;

    /// <summary>The most that one change of reclaim does.</summary>
    public ReclaimLimits Limits { get; set; } = ReclaimLimits.Default;

    /// <summary>How folds merge frames.</summary>
    public MergeOptions Merging { get; set; } = new() { MinBlocks = 1 };

    /// <summary>The service's clock: the day of the last commit.</summary>
    public DateTimeOffset Now => DateTimeOffset.UnixEpoch.AddDays(Head.CommittedSequence);

    /// <summary>Which write each sector last got; absent reads as zero.</summary>
    public Dictionary<long, int> Model { get; }

    /// <summary>The model as it was at each snapshot.</summary>
    public Dictionary<string, Dictionary<long, int>> SnapshotModels { get; } = [];

    /// <summary>The model as it was after each commit.</summary>
    public Dictionary<long, Dictionary<long, int>> PointModels { get; } = [];

    public CatalogueEdit OpenCatalogue() => new(Head, Segments);

    /// <summary>Writes what another's last write wrote.</summary>
    public void WriteAs(VolumeScenario other, long sector, int count)
    {
        _writes = other._writes - 1;
        Write(sector, count);
    }

    public void Write(long sector, int count)
    {
        var id = ++_writes;
        var data = new byte[count * 4096];
        for (var i = 0; i < count; i++)
        {
            Fill(id, sector + i, data.AsSpan(i * 4096, 4096));
            Model[sector + i] = id;
        }
        _builder.Write(sector * 4096, data);
        _logPosition += data.Length + 64;
    }

    /// <summary>The number of a write that nobody else's will have.</summary>
    public int NextWrite() => ++_writes;

    public void Discard(long sector, long count)
    {
        foreach (var held in Model.Keys.Where(key => key >= sector && key < sector + count).ToArray()) Model.Remove(held);
        if (count % 2 == 0) _builder.Discard(sector * 4096, count * 4096);
        else _builder.Zero(sector * 4096, count * 4096);
        _logPosition += 64;
    }

    public void Attach()
    {
        var change = HeadMachine.Attach(
            Head, new AttachClaim(Head.Epoch, Head.CommittedSequence, Head.TipDigest, Head.CommittedLogEnd, Head.SizeBytes, []));
        Assert.Null(change.Refusal);
        Head = change.Head;
    }

    /// <summary>Seals what was fed and stores it; the claim is what an agent would commit.</summary>
    public async Task<SegmentClaim> SealAsync(params string[] snapshotIds)
    {
        if (Head.Epoch == 0) Attach();
        _logPosition += 64;
        using var segment = _builder.Seal(
            SegmentIdentity.NewData(Lineage, 1, Head.Epoch, Head.CommittedSequence + 1, _nonces), Head.TipDigest, _logPosition, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(_logPosition));
        Assert.Equal(PutOutcome.Stored, await Store.PutIfAbsentAsync(segment.BlobKey, segment.Content));
        var claim = new SegmentClaim(
            segment.BlobKey, Head.CommittedSequence + 1, _builder.LogStart, _logPosition, Head.TipDigest, segment.Digest, segment.LengthBytes, segment.FrameBytes, segment.Header.HostTimeEnd, snapshotIds);
        _builder.Dispose();
        _builder = new SegmentBuilder(_key, _logPosition);
        return claim;
    }

    public async Task CommitAsync(params string[] snapshotIds)
    {
        var claim = await SealAsync(snapshotIds);
        await SaveAsync(HeadMachine.Commit(Head, Head.Epoch, [claim], DateTimeOffset.UnixEpoch.AddDays(claim.Sequence), Sealer));
        PointModels[Head.CommittedSequence] = new Dictionary<long, int>(Model);
        foreach (var id in snapshotIds) SnapshotModels[id] = new Dictionary<long, int>(Model);
    }

    /// <summary>What a grain does with a change: catalogue, blobs, then the head.</summary>
    public async Task SaveAsync(HeadChange change)
    {
        Assert.Null(change.Refusal);
        if (change.Cuts.Count > 0)
        {
            var catalogue = new CatalogueEdit(change.Head, Segments);
            foreach (var cut in change.Cuts) await catalogue.PutSnapshotAsync(cut);
            change = change.WithCatalogue(await catalogue.SealAsync(Sealer, change.Head.Version, Now));
        }
        foreach (var blob in change.Blobs) await PutAsync(blob, default);
        // The head goes through its codec, as it does between turns of a grain.
        Head = VolumeHead.Decode(change.Head.Encode());
    }

    public async Task<FoldResult?> PrepareFoldAsync()
    {
        var cuts = (await OpenCatalogue().ListCutsAsync(Head.BaseSequence, long.MaxValue)).Select(cut => cut.Sequence).ToArray();
        return await new Folder(Segments.At(Relocations), Sealer, PutAsync, Merging).FoldAsync(Head, cuts);
    }

    public Task<PreparedChange?> PrepareAsync(FoldResult fold) => PreparedChange.OfFoldAsync(Head, fold, Segments, Sealer, new ReclaimTerms(Now, Retention) { Limits = Limits });

    /// <summary>At the moment of its preparation, because this clock leaps a day with every commit.</summary>
    public async Task<HeadChange> PublishAsync(PreparedChange change, TimeSpan late = default) =>
        change.Publish(Head, await TailManifest.LoadAsync(Segments, change.TailOf(Head), default), Sealer, (change.Catalogue.SealedAt ?? Now) + late);

    public async Task FoldAsync()
    {
        if (await PrepareFoldAsync() is { } fold) await SaveAsync(await PublishAsync((await PrepareAsync(fold))!));
    }

    public Task<CompactionResult?> PrepareCompactionAsync(CompactionOptions? options = null) =>
        new Compactor(Segments.At(Relocations), Sealer, PutAsync, options ?? Eager).CompactAsync(Head);

    public Task<PreparedChange?> PrepareAsync(CompactionResult compaction) =>
        PreparedChange.OfCompactionAsync(Head, compaction, DateTimeOffset.UnixEpoch, Segments, Sealer);

    /// <summary>One job, published; what it condemned is gone at once, as if all grace had passed.</summary>
    public async Task<CompactionResult?> CompactAsync(CompactionOptions? options = null)
    {
        if (await PrepareCompactionAsync(options) is not { } compaction) return null;
        await SaveAsync(await PublishAsync((await PrepareAsync(compaction))!));
        await BuryAsync();
        return compaction;
    }

    /// <summary>One save that changes the catalogue alone.</summary>
    public async Task ChangeCatalogueAsync(Func<CatalogueEdit, Task> change)
    {
        var catalogue = OpenCatalogue();
        await change(catalogue);
        await SaveAsync(HeadMachine.ChangeCatalogue(Head, await catalogue.SealAsync(Sealer, Head.Version + 1, Now)));
    }

    /// <summary>Deletes everything that has a tombstone.</summary>
    public async Task BuryAsync()
    {
        await foreach (var tombstone in OpenCatalogue().ListTombstonesAsync()) await Store.DeleteAsync(tombstone.BlobKey);
    }

    /// <summary>Pins a snapshot for a clone and makes it.</summary>
    public async Task<VolumeScenario> CloneAsync(string volume, string snapshotId, bool isConfirmed = true)
    {
        var snapshot = (await OpenCatalogue().FindSnapshotAsync(snapshotId))!;
        await ChangeCatalogueAsync(async catalogue => await catalogue.PutPinAsync(
            new PinRecord(volume, snapshotId, snapshot.BaseSequence, snapshot.Sequence, snapshot.Image, Now, isConfirmed)));
        return Clone(volume, snapshotId, snapshot);
    }

    public VolumeScenario Clone(string volume, string snapshotId, SnapshotRecord snapshot) =>
        new(volume, origin: this, image: ImageDescriptor.Decode(snapshot.Image.Encode()), model: SnapshotModels[snapshotId]);

    /// <summary>The same volume in the hands of another process.</summary>
    public VolumeScenario Fork()
    {
        var twin = new VolumeScenario(Lineage.VolumeId, origin: this, image: Head.ToImage(), model: Model) { _logPosition = _logPosition };
        (twin.Head, twin._builder) = (Head, new SegmentBuilder(_key, _logPosition));
        return twin;
    }

    public Task<ImageReader> OpenAsync(ImageDescriptor? image = null) =>
        ImageReader.OpenAsync((image ?? Head.ToImage()).At(Relocations), new SegmentCache(new BlobStoreSource(Store), Ring));

    /// <summary>The image holds exactly the model's sectors, and every one of them reads right (I13).</summary>
    public async Task VerifyAsync(ImageDescriptor? image = null, IReadOnlyDictionary<long, int>? model = null)
    {
        model ??= Model;
        var reader = await OpenAsync(image);
        var held = new HashSet<long>();
        var lastBlock = -1L;
        await foreach (var block in reader.EnumerateBlocksAsync())
        {
            Assert.True(block.Block > lastBlock);
            lastBlock = block.Block;
            for (var sector = 0; sector < 16; sector++)
                if ((block.Mask & (1 << sector)) != 0) held.Add(((long)block.Block * 16) + sector);
        }
        Assert.Equal(model.Keys.Order(), held.Order());
        var expected = new byte[4096];
        foreach (var region in model.Keys.Select(sector => sector / 64).Distinct())
        {
            var length = (int)Math.Min(64 * 4096, reader.SizeBytes - (region * 64 * 4096));
            var buffer = new byte[length];
            await reader.ReadAsync(region * 64 * 4096, buffer);
            for (var i = 0; i < length / 4096; i++)
            {
                var sector = (region * 64) + i;
                if (model.TryGetValue(sector, out var id)) Fill(id, sector, expected);
                else expected.AsSpan().Clear();
                Assert.True(buffer.AsSpan(i * 4096, 4096).SequenceEqual(expected), $"sector {sector} reads wrong");
            }
        }
    }

    /// <summary>Stores a manifest of the head, as a grain does; <paramref name="origins"/> are those whose data it reaches.</summary>
    public async Task<string> PutManifestAsync(IKeyProvider provider, params VolumeScenario[] origins)
    {
        var keys = new List<WrappedKey>();
        foreach (var volume in new[] { this }.Concat(origins))
            keys.Add(new WrappedKey(volume.Lineage, 1, await provider.WrapAsync(volume.Lineage, 1, volume._key)));
        var blob = new HeadManifest(Head, keys).Seal(Sealer);
        await PutAsync(blob, default);
        return blob.Key;
    }

    public async ValueTask PutAsync(BlobEffect blob, CancellationToken cancellationToken) =>
        await Store.PutIfAbsentAsync(blob.Key, blob.Content, cancellationToken);

    /// <summary>What a write put into a sector: a third of the writes do not compress.</summary>
    public static void Fill(int id, long sector, Span<byte> bytes)
    {
        if (id % 3 == 0) new Random((id * 31) ^ (int)sector).NextBytes(bytes);
        else bytes.Fill((byte)(id + sector));
        BitConverter.TryWriteBytes(bytes, (id * 1_000_003L) + sector);
    }
}
