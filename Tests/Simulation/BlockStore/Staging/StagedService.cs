using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore.Staging;

/// <summary>
/// The service's side of one volume with a staging branch, around the product's machines. Beside each saved head it keeps what that must mean:
/// the main image, sector by sector, and every snapshot's.
/// </summary>
internal sealed class StagedService
{
    private static readonly TimeSpan Grace = TimeSpan.FromDays(4);
    private readonly StagedWorld _world;
    private readonly LineageSealer _sealer;
    private readonly Keyring _keys = new();
    private readonly Dictionary<string, ServiceTruth> _manifests = new(StringComparer.Ordinal);
    private readonly Retention _retention;
    private readonly MergeOptions _merging;

    internal StagedService(StagedWorld world)
    {
        _world = world;
        var key = StoreWorld.KeyOf(Lineage);
        _sealer = new LineageSealer(Lineage, 1, key, world);
        _keys.Add(Lineage, 1, key);
        Segments = new SegmentCache(world.Bucket, _keys);
        _retention = world.Random.Next(2) == 0 ? Retention.None : new Retention(TimeSpan.FromHours(1), TimeSpan.FromMinutes(10), TimeSpan.FromDays(1));
        var target = world.Random.Next(1, 4);
        _merging = new MergeOptions { TargetFrames = target, MaxFrames = world.Random.Next(target, 6), Share = 1, CrowdedShare = 1, FreeBytes = 1 << 20, ParallelReads = 1 };
        var head = HeadMachine.Create(Lineage, 1, world.Space.LastSizeBytes).WithManifest(_sealer);
        Truth = new ServiceTruth(new int[world.Space.Count], new Dictionary<string, int[]>());
        StoreManifest(head, Truth);
        Head = head;
    }

    internal static LineageId Lineage { get; } = new("123456789012", "vol-staged");

    internal VolumeHead Head { get; private set; }

    internal ServiceTruth Truth { get; private set; }

    internal SegmentCache Segments { get; }

    /// <summary>Work that was prepared and not published.</summary>
    internal List<(PreparedChange Change, Func<ServiceTruth, ServiceTruth> Meaning)> Prepared { get; } = [];

    internal void Attach(AttachClaim claim, Action<VolumeHead?> answer)
    {
        if (Head.Staging is { IsAbandoned: true }) Drop();
        var change = HeadMachine.Attach(Head, claim);
        var isBehind = change.Refusal?.Reason == HeadRefusalReason.HeadBehind;
        if (isBehind || (change.Refusal is null && claim.IsStoreChanged)) change = StagingMachine.Begin(Head, claim, _world.Now);
        if (change.Refusal is { } refused)
        {
            if (refused.Reason != HeadRefusalReason.StagingClosing) throw new Violation($"the only agent is refused: {refused.Message}");
            answer(null);
            return;
        }
        change = change with { Head = change.Head.WithManifest(_sealer) };
        if (_world.Is(StagingBug.AbandonedEpochGoesOn) && change.Head.Staging is { IsAbandoned: true }) change = change with { Head = change.Head with { Epoch = Head.Epoch } };
        if (!Save(change, Truth)) return;
        if (_world.Fault(0.05)) return;
        StoreManifest(Head, Truth);
        answer(Head.Staging is { IsAbandoned: true } ? null : Head);
    }

    internal void Commit(long epoch, IReadOnlyList<SegmentClaim> segments, bool areFills, Action<VolumeHead, bool> answer)
    {
        if (segments.Any(segment => !_world.Bucket.Contains(segment.BlobKey)))
        {
            // Only what an epoch uploaded that is over may be collected as orphans.
            if (epoch == Head.Epoch) throw new Violation("what an agent may still commit is gone (I5)");
            answer(Head, false);
            return;
        }
        var change = areFills
            ? StagingMachine.CommitFills(Head, epoch, segments, _world.Now, _sealer)
            : HeadMachine.Commit(Head, epoch, segments, _world.Now, _sealer);
        if (change.Refusal is { } refusal)
        {
            _world.Happened($"refused as {refusal.Reason}");
            if (refusal.Reason == HeadRefusalReason.TailFull) FoldAll();
            answer(Head, false);
            return;
        }
        // The main image moves with the main tail alone.
        var truth = Head.Staging is null && !areFills && !change.IsRepeat ? Truth with { Main = _world.States[segments[^1].BlobKey] } : Truth;
        if (change.IsRepeat || Save(change, truth)) answer(Head, true);
    }

    internal bool Snapshot(string id)
    {
        var change = HeadMachine.Snapshot(Head, id);
        if (change.Refusal is not null) return Head.Staging is not null ? false : throw new Violation(change.Refusal.Message);
        var catalogue = new CatalogueEdit(Head, Segments);
        foreach (var cut in change.Cuts) Sync.Result(catalogue.PutSnapshotAsync(cut));
        return Save(change.WithCatalogue(Sync.Result(catalogue.SealAsync(_sealer, change.Head.Version, _world.Now))), Truth.With(id, Truth.Main));
    }

    /// <summary>Prepares the fold of the main tail, or when that is empty, of the branch's.</summary>
    internal void PrepareFold()
    {
        if (Head.Tail.Count > 0)
        {
            var cuts = Sync.Result(new CatalogueEdit(Head, Segments).ListCutsAsync(Head.BaseSequence, Head.CommittedSequence)).Select(cut => cut.Sequence).ToHashSet();
            var fold = Sync.Result(new Folder(Segments, _sealer, PutAsync, _merging).FoldAsync(Head, cuts))!;
            Add(Sync.Result(PreparedChange.OfFoldAsync(Head, fold, Segments, _sealer, new ReclaimTerms(_world.Now, _retention))));
        }
        else if (ComputeStagingFold() is { } fold)
        {
            Add(Sync.Result(StagingPublication.PrepareFoldAsync(Head, fold, _world.Now, Segments, _sealer)));
        }
    }

    /// <summary>Prepares the publication of what is declared; <paramref name="stateAt"/> tells what the volume holds after a log segment.</summary>
    internal void PreparePublication(StagingDeclaration declared, Func<long, int[]> stateAt, IReadOnlyCollection<string> waiting)
    {
        if (Head.Staging is not { IsAbandoned: false } staging) return;
        if (_world.Is(StagingBug.PublishBeforeLastFill)) declared = declared with { Fills = staging.Fills, FillDigest = staging.FillDigest };
        if (_world.Is(StagingBug.PublishBeforeTheLog)) declared = declared with { LogEnd = 0 };
        if (StagingDeclaration.Check(Head, declared) is { } incomplete)
        {
            _world.Happened($"refused as {incomplete.Refusal!.Reason}");
            return;
        }
        while (Head.Tail.Count > 0) FoldAll();
        if (ComputeStagingFold() is not { } fold) return;
        if (Sync.Result(StagingPublication.PrepareAsync(Head, fold, declared, waiting, _world.Now, Segments, _sealer)) is not { } prepared) return;
        var cut = stateAt(fold.ThroughSequence);
        Add(prepared, truth => waiting.Aggregate(truth, (so, id) => so.With(id, cut)) with { Main = stateAt(Head.Staging!.Sequence) });
    }

    internal void Prepare(PreparedChange? change) => Add(change);

    internal void PrepareDeletion(IReadOnlyList<string> ids) =>
        Add(Sync.Result(SnapshotDeletion.PrepareAsync(Head, ids, _world.Now, Segments, _sealer)), truth => truth.Without(ids));

    internal void PrepareHousekeeping() =>
        Add(Sync.Result(Housekeeping.PrepareAsync(Head, new ReclaimTerms(_world.Now, _retention), [], [], Segments, _sealer)));

    internal void PrepareExpansion() => Add(Sync.Result(SubtreeExpansion.PrepareAsync(Head, _world.Now, Segments, _sealer, new ReclaimLimits { Pages = 2 })));

    internal void PrepareZeroes() => Add(Sync.Result(StagingEnd.PrepareZeroesAsync(Head, _world.Now, Segments, _sealer, 3)));

    internal void PrepareCompaction()
    {
        var options = new CompactionOptions { TargetRatio = 1.05, MinGarbageBytes = 0, MaxCopiedBytes = 1 << 20, MaxBlobs = 16, ContainerBytes = 64 << 10, SmallBlobBytes = 8 << 10, MinSmallBlobs = 2 };
        if (Sync.Result(new Compactor(Segments, _sealer, PutAsync, options).CompactAsync(Head)) is { } job)
            Add(Sync.Result(PreparedChange.OfCompactionAsync(Head, job, _world.Now, Segments, _sealer)));
    }

    internal void Publish(int at)
    {
        var (change, meaning) = Prepared[at];
        Prepared.RemoveAt(at);
        var tail = Sync.Result(TailManifest.LoadAsync(Segments, change.TailOf(Head), CancellationToken.None));
        var published = change.Publish(Head, tail, _sealer, _world.Now);
        if (published.Refusal is { } refused) _world.Happened($"refused as {refused.Reason}");
        else if (Save(published, meaning(Truth)) && change.Declared is not null) _world.Happened("published");
    }

    /// <summary>The worker frees an abandoned branch.</summary>
    internal void Drop()
    {
        if (Head.Staging is not { IsAbandoned: true }) return;
        Add(Sync.Result(StagingEnd.PrepareAsync(Head, _world.Now, Segments, _sealer)));
        Publish(Prepared.Count - 1);
        _world.Happened("dropped");
    }

    internal void Abandon()
    {
        if (Head.Staging is not { IsAbandoned: false }) return;
        var change = StagingMachine.Abandon(Head);
        change = change with { Head = change.Head.WithManifest(_sealer) };
        if (_world.Is(StagingBug.AbandonedEpochGoesOn)) change = change with { Head = change.Head with { Epoch = Head.Epoch } };
        if (Save(change, Truth)) StoreManifest(Head, Truth);
        _world.Happened("abandoned");
    }

    internal void Sweep()
    {
        var swept = Sync.Result(TombstoneSweep.RunAsync(Head, Grace, _world.Now, _world.Bucket, Segments, _sealer));
        if (swept.Kept is [var kept, ..]) throw new Violation($"{kept} was condemned and is referred to (I5)");
        if (swept.Deleted > 0) _world.Happened("swept");
        Add(swept.Change);
        Reached();
    }

    internal void CollectOrphans()
    {
        var listed = Sync.Result(OrphanCollector.ListAsync(_world.Bucket, Lineage));
        var head = _world.Is(StagingBug.StagedLostByCollector) ? Head with { Staging = null } : Head;
        var marks = Sync.Result(Auditor.MarkAsync(head, Segments));
        foreach (var key in Sync.Result(OrphanCollector.FindAsync(listed, head, 0, marks, _world.Now, Segments)))
        {
            _world.Happened("an orphan is collected");
            Sync.Result(_world.Bucket.DeleteAsync(key));
        }
        Reached();
    }

    /// <summary>The database is lost: all comes back from the bucket, and what was staged does not.</summary>
    internal void Rebuild()
    {
        Prepared.Clear();
        var stored = Sync.Result(new Bucket(_world.Bucket, new SimulatedKeys()).OpenAsync(Lineage)) ?? throw new Violation("the bucket has no manifest");
        if (_world.Is(StagingBug.StagedFollowedByRebuild) && stored.Manifest.Head.Staging is not null)
        {
            var main = stored.Manifest.Head with { Staging = null };
            var chain = Sync.Result(new SegmentChain(_world.Bucket, _keys).FollowAsync(main, CancellationToken.None));
            stored = new StoredVolume(stored.ManifestKey, stored.Manifest with { Head = main }, stored.Ring, stored.Segments) { Followed = chain.Segments };
        }
        var truth = _manifests[stored.ManifestKey];
        if (truth.Snapshots.Count < Truth.Snapshots.Count && stored.ManifestKey == Head.Manifest?.BlobKey) throw new Violation("a rebuild loses a snapshot (I4)");
        if (stored.Followed.Count > 0) truth = truth with { Main = _world.States[stored.Followed[^1].Reference.Identity.BlobKey] };
        var (head, blobs) = HeadRebuilder.Rebuild(stored, _world, Head);
        if (head.CommittedSequence < Head.CommittedSequence) throw new Violation($"a rebuild comes to {head.CommittedSequence}, and {Head.CommittedSequence} was committed (I3)");
        head = head.WithManifest(_sealer);
        foreach (var blob in blobs) Put(blob);
        StoreManifest(head, truth);
        (Head, Truth) = (head, truth);
        _world.Happened(head.Staging is null ? "rebuilt" : "rebuilt without what was staged");
        CheckAll();
    }

    /// <summary>Everything that is saved, read with the product's readers; the accounting against the auditor.</summary>
    internal void CheckAll()
    {
        CheckMain();
        var records = Sync.ToList(new CatalogueEdit(Head, Segments).ListSnapshotsAsync());
        var taken = records.Where(record => !record.SnapshotId.StartsWith(RecoveryPoints.KeptPrefix, StringComparison.Ordinal)).ToList();
        if (!taken.Select(record => record.SnapshotId).Order().SequenceEqual(Truth.Snapshots.Keys.Order())) throw new Violation("the catalogue has other snapshots than were taken (I4)");
        foreach (var record in taken) Check(record.Image, Truth.Snapshots[record.SnapshotId], $"{record.SnapshotId} (I4)");
        CheckAccounts();
        Reached();
    }

    private void CheckMain() => Check(Head.ToImage(), Truth.Main, "the head's image (I3)");

    private void CheckAccounts()
    {
        var marks = Sync.Result(Auditor.MarkAsync(Head, Segments));
        if (Sync.Result(Audit.CompareAsync(Head, marks, Segments)) is [var problem, ..]) throw new Violation($"the auditor finds: {problem}");
    }

    private void Reached()
    {
        foreach (var key in Sync.Result(Auditor.MarkAsync(Head, Segments)).Blobs)
            if (!_world.Bucket.Contains(key) && key != Head.Manifest?.BlobKey) throw new Violation($"blob {key} is reached and gone (I5)");
    }

    private void Check(ImageDescriptor image, int[] state, string what)
    {
        var reader = Sync.Result(ImageReader.OpenAsync(image.At(Head.Relocations), new SegmentCache(_world.Bucket, _keys), SimulatedVolume.ReaderOptions));
        if (StoreChecks.Differs(reader, _world.Space, state, _world.Buffer) is { } difference) throw new Violation($"{what}: {difference}");
    }

    private StagingFold? ComputeStagingFold()
    {
        var head = Head;
        if (_world.Is(StagingBug.FillOverNewerWrite) && head.Staging is { } staging) head = head with { Staging = staging with { RoundSequence = staging.Sequence } };
        var fold = Sync.Result(new StagingFolder(Segments, _sealer, PutAsync).FoldAsync(head));
        if (fold is null) return null;
        if (_world.Is(StagingBug.FillOverDiscard)) fold = fold with { Zeroes = [] };
        if (_world.Is(StagingBug.DeathForgotten)) fold = fold with { Deaths = [] };
        return !_world.Is(StagingBug.DeathBeforePublication) ? fold : fold with
        {
            Deaths = [],
            Lost = fold.Lost.Concat(fold.Deaths.Select(death => KeyValuePair.Create(
                new SegmentIdentity(death.Kind, Lineage, 1, 0, death.SegmentSequence, death.SegmentNonce), death.Bytes))).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value)),
        };
    }

    private void FoldAll()
    {
        PrepareFold();
        if (Prepared.Count > 0) Publish(Prepared.Count - 1);
    }

    private void Add(PreparedChange? change, Func<ServiceTruth, ServiceTruth>? meaning = null)
    {
        if (change is not null) Prepared.Add((change, meaning ?? (truth => truth)));
    }

    /// <summary>Stores what the head names, then saves it; a silo may die in between, or after.</summary>
    private bool Save(HeadChange change, ServiceTruth truth)
    {
        foreach (var blob in change.Blobs) Put(blob);
        var next = change.Head;
        var (from, to) = (Head.ToImage(), next.ToImage());
        var isTold = next.Catalogue == Head.Catalogue && to with { Tail = from.Tail } == from;
        if (!isTold)
        {
            next = next.WithManifest(_sealer);
            StoreManifest(next, truth);
        }
        if (_world.Fault(0.03))
        {
            _world.Happened("dies before the save");
            return false;
        }
        var before = Head;
        (Head, Truth) = (VolumeHead.Decode(next.Encode()), truth);
        if (Head != next) throw new Violation("the head does not survive its encoding");
        if (to != from) CheckMain();
        if (Head.Catalogue != before.Catalogue) CheckAccounts();
        if (!_world.Fault(0.03)) return true;
        _world.Happened("saved, and the answer is lost");
        return false;
    }

    private void StoreManifest(VolumeHead head, ServiceTruth truth)
    {
        _manifests[head.Manifest!.BlobKey] = truth;
        Put(new HeadManifest(head, [new WrappedKey(Lineage, 1, new byte[AccountKey.WrappedLengthBytes])]).Seal(_sealer));
    }

    private void Put(BlobEffect blob) => Sync.Result(_world.Bucket.PutIfAbsentAsync(blob.Key, blob.Content));

    private ValueTask PutAsync(BlobEffect blob, CancellationToken cancellationToken)
    {
        Put(blob);
        return ValueTask.CompletedTask;
    }
}

/// <summary>What a saved head must mean: the main image and the snapshots.</summary>
internal sealed record ServiceTruth(int[] Main, IReadOnlyDictionary<string, int[]> Snapshots)
{
    internal ServiceTruth With(string id, int[] state) => this with { Snapshots = new Dictionary<string, int[]>(Snapshots) { [id] = state } };

    internal ServiceTruth Without(IReadOnlyList<string> ids) => this with { Snapshots = Snapshots.Where(pair => !ids.Contains(pair.Key)).ToDictionary() };
}
