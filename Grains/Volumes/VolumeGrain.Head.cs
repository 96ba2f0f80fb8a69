using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes;

// How the head changes: the machine decides, the bucket gets what the new head names, and then the head is saved.
internal sealed partial class VolumeGrain
{
    private const long CacheBytes = 1 << 20;

    private VolumeKeys? _keys;
    private WrappedLineageKey[]? _keysFrom;
    private SegmentCache? _segments;
    private byte[]? _decodedFrom;
    private VolumeHead? _decoded;
    private bool _isBucketChecked;

    private VolumeHead HeadOf(VolumeState state)
    {
        if (_decoded is not null && ReferenceEquals(_decodedFrom, state.Head)) return _decoded;
        (_decoded, _decodedFrom) = (VolumeHead.Decode(state.Head), state.Head);
        return _decoded;
    }

    private async Task<VolumeKeys> KeysAsync()
    {
        if (State.ErasedAt is not null) throw Erased();
        // By the saved ring itself: a call that was unwrapping while the ring changed must not leave the keys of before.
        var wrapped = State.Keys;
        if (_keys is not null && ReferenceEquals(_keysFrom, wrapped)) return _keys;
        var keys = await VolumeKeys.UnwrapAsync(host.Keys, wrapped);
        if (ReferenceEquals(State.Keys, wrapped)) (_keys, _keysFrom, _segments) = (keys, wrapped, null);
        return keys;
    }

    private async Task<SegmentCache> SegmentsAsync()
    {
        var keys = await KeysAsync();
        return _segments ??= new SegmentCache(new BlobStoreSource(host.Blobs), keys.Ring, CacheBytes);
    }

    private async Task<CatalogueEdit> OpenCatalogueAsync(VolumeHead head) => new(head, await SegmentsAsync());

    // Stores what the new head will name; the caller saves the head afterwards, in the same turn of the save gate.
    // What the chain of segments does not tell goes into a manifest, from which a head can be rebuilt (docs/formats/manifest.md).
    private async Task<VolumeHead> StoreAsync(VolumeHead before, HeadChange change)
    {
        if (change.Refusal is { } refusal) throw HeadRefusals.ToError(refusal);
        var keys = await KeysAsync();
        if (change.Cuts.Count > 0)
        {
            var catalogue = await OpenCatalogueAsync(change.Head);
            foreach (var cut in change.Cuts) await catalogue.PutSnapshotAsync(cut);
            change = change.WithCatalogue(await catalogue.SealAsync(keys.Sealer, change.Head.Version, Now));
        }

        await Task.WhenAll(change.Blobs.Select(blob => host.Blobs.PutIfAbsentAsync(blob.Key, blob.Content)));
        var (from, to) = (before.ToImage(), change.Head.ToImage());
        var isTold = change.Head.Catalogue == before.Catalogue && to with { Tail = from.Tail } == from;
        if (isTold) return change.Head;
        return await StoreClaimedManifestAsync(change.Head.WithManifest(keys.Sealer), keys);
    }

    // The manifest of a head that is not saved yet. Its version is claimed first, with compare-and-set as every save, so that no other head that
    // is saved or stored afterwards has that version or a lower one (docs/formats/manifest.md, Claims).
    private async Task<VolumeHead> StoreClaimedManifestAsync(VolumeHead head, VolumeKeys keys)
    {
        if (await IsBehindBucketAsync(State))
        {
            throw new TidegateException(
                ErrorCodes.Unavailable, $"The bucket holds a later head of volume {Key} than the database, which was put back; it is not changed before it is rebuilt.",
                "It is when its gateway attaches, or a worker looks at it; 'rebuild-state' into an empty database rebuilds everything.");
        }

        head = head.Above(State.ClaimedVersion);
        await SaveStepAsync(State with { ClaimedVersion = head.Version });
        await StoreManifestAsync(head, keys);
        return head;
    }

    // A manifest of a version that this database knows nothing of: it was put back to a backup. Asked once in an activation, because a database
    // does not go back under one: its next save would be refused.
    private async Task<bool> IsBehindBucketAsync(VolumeState state)
    {
        if (_isBucketChecked) return false;
        var head = HeadOf(state);
        if (await HeadManifest.HighestVersionAsync(host.Blobs, head.Lineage) > Math.Max(head.Version, state.ClaimedVersion)) return true;
        _isBucketChecked = true;
        return false;
    }

    // Before whatever goes by more than the head's own numbers: its keys, its catalogue, who has taken from it. True when it was rebuilt.
    private async Task<bool> RebuildIfBehindAsync()
    {
        if (_isBucketChecked || State.Head.Length == 0 || State.ErasureBegunAt is not null) return false;
        return await SaveChangeAsync(async (state, now) =>
        {
            if (!await IsBehindBucketAsync(state) || await RebuiltAsync(state, now, isBehind: true) is not { } rebuilt) return Change.None(state, false);
            var keys = await VolumeKeys.UnwrapAsync(host.Keys, rebuilt.Keys);
            var head = HeadOf(rebuilt).WithManifest(keys.Sealer);
            await SaveStepAsync(State with { ClaimedVersion = head.Version });
            await StoreManifestAsync(head, keys);
            return new Change<VolumeState, bool>(VolumeMachine.WithHead(rebuilt, head), true, VolumeRebuild.EventOf(head));
        });
    }

    // The state as the bucket tells it; null when that is no further than the head. What is committed counts, and when the database is known
    // to have gone back, the newest manifest whatever it holds.
    private async Task<VolumeState?> RebuiltAsync(VolumeState state, DateTimeOffset now, bool isBehind)
    {
        var head = HeadOf(state);
        if (await new Bucket(host.Blobs, host.Keys).OpenAsync(head.Lineage) is not { } stored) return null;
        // As far as the head, or as what came of it later, a published or abandoned branch among them.
        if (!isBehind && stored.Sequence <= head.CommittedSequence && stored.Manifest.Head.Version <= head.Version) return null;
        var snapshots = await stored.OpenCatalogue().ListSnapshotsAsync().Where(cut => !RecoveryPoints.IsKept(cut)).ToListAsync();
        var unrecorded = await UnknownToAsync(head, snapshots);
        var (rebuilt, blobs) = HeadRebuilder.Rebuild(stored, RandomNonceSource.Instance, head);
        foreach (var blob in blobs) await host.Blobs.PutIfAbsentAsync(blob.Key, blob.Content);
        LogRebuilt(_log, Key, head.CommittedSequence, rebuilt.CommittedSequence);
        return VolumeRebuild.Restore(state, rebuilt, stored.Manifest.Keys, unrecorded, now);
    }

    // A snapshot that is told of a second time is what it was. So where the keys or the pages of the head that went back are gone since, it knew of none.
    private async Task<IReadOnlyList<SnapshotRecord>> UnknownToAsync(VolumeHead head, IReadOnlyList<SnapshotRecord> snapshots)
    {
        try
        {
            var known = await OpenCatalogueAsync(head);
            var unknown = new List<SnapshotRecord>();
            foreach (var snapshot in snapshots)
                if (await known.FindSnapshotAsync(snapshot.SnapshotId) is null) unknown.Add(snapshot);
            return unknown;
        }
        catch (Exception gone) when (gone is CorruptDataException or MissingKeyException or BlobNotFoundException)
        {
            return snapshots;
        }
    }

    /// <inheritdoc />
    protected override async Task DiscardAsync(VolumeState lost)
    {
        if (lost.Head.Length == 0 || State.Head.Length == 0) return;
        var (refused, saved) = (HeadOf(lost), HeadOf(State));
        // Of two manifests of one version a rebuild could take the one whose head was never saved.
        if (refused.Manifest is { } manifest && manifest.Sequence == refused.Version && manifest != saved.Manifest && !saved.OldManifests.Contains(manifest))
            await host.Blobs.DeleteAsync(manifest.BlobKey);
    }

    private async Task StoreManifestAsync(VolumeHead head, VolumeKeys keys)
    {
        var manifest = new HeadManifest(head, keys.Wrapped).Seal(keys.Sealer);
        await host.Blobs.PutIfAbsentAsync(manifest.Key, manifest.Content);
    }

    /// <inheritdoc />
    public async Task<VolumeDescription> Resize(long sizeBytes)
    {
        var specification = RequireOwner(Roles.Admins);
        if (await GatewayOrNullAsync(specification.GatewayId) is null) throw Authorisation.NotFound($"Gateway {specification.GatewayId}");
        await SaveChangeAsync(async (state, _) =>
        {
            var change = HeadMachine.Resize(HeadOf(state), sizeBytes);
            if (change.Refusal is { } refused) throw Arguments.Invalid(refused.Message);
            return change.IsRepeat ? Change.Keep(state) : VolumeMachine.Grown(state, await StoreAsync(HeadOf(state), change));
        });
        await SettleQuietlyAsync();
        return await Describe();
    }

    private Task<ImageDescriptor> PinAsync(string snapshotId, string cloneVolumeId) => SaveChangeAsync(async (state, now) =>
    {
        if (state.ErasureBegunAt is not null) throw Erased();
        var head = HeadOf(state);
        var catalogue = await OpenCatalogueAsync(head);
        var snapshot = await catalogue.FindSnapshotAsync(snapshotId)
            ?? throw new TidegateException(ErrorCodes.NotFound, $"Snapshot {snapshotId} does not exist.", "Check the id.");
        var known = await catalogue.FindPinAsync(cloneVolumeId);
        if (known is { IsConfirmed: true } && known.SnapshotId == snapshotId) return Change.None(state, known.Image);
        // An unconfirmed one is renewed, so that a release which was prepared meanwhile loses.
        var pin = known?.SnapshotId == snapshotId
            ? known with { CreatedAt = now }
            : new PinRecord(cloneVolumeId, snapshotId, snapshot.BaseSequence, snapshot.Sequence, snapshot.Image, now, false);
        await catalogue.PutPinAsync(pin);
        var update = await catalogue.SealAsync((await KeysAsync()).Sealer, head.Version + 1, now);
        var next = await StoreAsync(head, HeadMachine.ChangeCatalogue(head, update));
        return new Change<VolumeState, ImageDescriptor>(
            VolumeMachine.WithHead(state, next), pin.Image, new DomainEvent("volume.pinned", new { snapshotId, cloneVolumeId }));
    });

    [LoggerMessage(142, LogLevel.Warning, "The head of volume {Volume} was at sequence {Lost}; the bucket holds {Found}, and the head is rebuilt from it")]
    private static partial void LogRebuilt(ILogger log, string volume, long lost, long found);
}
