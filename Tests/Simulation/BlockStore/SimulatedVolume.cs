using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// A volume's grain in the simulated world: two activations that may both believe to be the one, around the product's machines. It does
/// what <c>VolumeGrain</c> does, in its order: decide, store the blobs that the new head names, save with compare-and-set, answer.
/// </summary>
internal sealed partial class SimulatedVolume
{
    private readonly StoreWorld _world;
    private readonly VolumeRow?[] _activations = new VolumeRow?[2];
    private readonly bool[] _isBehind = new bool[2];
    private int? _only;

    internal SimulatedVolume(StoreWorld world, string volumeId, SimulatedVolume? origin)
    {
        (_world, Origin) = (world, origin);
        Lineage = new LineageId("123456789012", volumeId);
        Key = StoreWorld.KeyOf(Lineage);
        Sealer = new LineageSealer(Lineage, 1, Key, world);
        for (var volume = this; volume is not null; volume = volume.Origin) Keys.Add(volume.Lineage, 1, volume.Key);
        Segments = new SegmentCache(world.Bucket, Keys);
        Catalogues = Segments;
        Retention = DrawRetention(world.Random);
        Merging = DrawMerging(world.Random);
    }

    internal StoreWorld World => _world;

    internal SimulatedVolume? Origin { get; }

    internal LineageId Lineage { get; }

    internal string Id => Lineage.VolumeId;

    internal DataKey Key { get; }

    internal Keyring Keys { get; } = new();

    internal LineageSealer Sealer { get; }

    internal SegmentCache Segments { get; }

    internal SegmentCache Catalogues { get; }

    /// <summary>The image that the volume began as.</summary>
    internal ImageDescriptor FirstImage { get; private set; } = ImageDescriptor.Empty(0);

    /// <summary>What the volume held when it was made.</summary>
    internal required LogEntry Beginning { get; init; }

    /// <summary>Saves that were prepared by an activation that is slow, or dead.</summary>
    internal List<Action> Unfinished { get; } = [];

    /// <summary>True when two agents may hold copies of one log.</summary>
    internal bool WasCopied { get; set; }

    internal VolumeRow? Row => _world.Database.Find(Id);

    internal CatalogueEdit OpenCatalogue(VolumeHead head) => new(head, Catalogues);

    /// <summary>The activations forget everything.</summary>
    internal void Crash()
    {
        Array.Clear(_activations);
        Array.Clear(_isBehind);
        Unfinished.Clear();
        GiveUpWork();
    }

    /// <summary>Whatever workers hold is forgotten.</summary>
    internal void GiveUpWork()
    {
        Folds.Clear();
        Prepared.Clear();
        Compactions.Clear();
    }

    /// <summary>One call to the grain. The answer is the row after it, or a refusal; no answer at all when it fails.</summary>
    internal void Perform(string what, Func<VolumeRow, VolumeDecision> decide, Action<VolumeRow, HeadRefusal?> answer)
    {
        var activation = _only ?? (_world.Chance(0.9) || _world.Faults == 0 ? 0 : 1);
        if (Activate(activation, what) is not { } row) return;
        if (Try(row, what, () => decide(row)) is not { } decision)
        {
            _activations[activation] = null;
            return;
        }
        if (decision.Next is not { } next)
        {
            _world.Happened(decision.Refusal is { } refused ? $"refused as {refused.Reason}" : "nothing to do", $"{Id}/{activation}: {what}");
            answer(row, decision.Refusal);
            return;
        }
        if (_isBehind[activation] && next.Head != row.Head)
        {
            _world.Happened("not changed while the bucket is ahead", $"{Id}/{activation}: {what}");
            _activations[activation] = null;
            return;
        }
        foreach (var blob in decision.Blobs)
        {
            if (_world.Fault(0.01))
            {
                _world.Happened("dies while it stores blobs", $"{Id}/{activation}: {what}");
                _activations[activation] = null;
                return;
            }
            if (_world.Is(PlantedBug.TailManifestLost) && blob.Key.Contains("/tail/", StringComparison.Ordinal)) continue;
            Sync.Result(_world.Bucket.PutIfAbsentAsync(blob.Key, blob.Content));
        }
        if (decision.Manifest is not { } manifest)
        {
            SoonOrLate(activation, what, () => Save(activation, what, row, next, answer));
            return;
        }
        if (Claim(activation, what, row, next.Head.Version) is not { } claimed) return;
        SoonOrLate(activation, what, () =>
        {
            Sync.Result(_world.Bucket.PutIfAbsentAsync(manifest.Key, manifest.Content));
            SoonOrLate(activation, what, () => Save(activation, what, claimed, next, answer));
        });
    }

    /// <summary>Both activations begin from one saved head, and then each does something.</summary>
    internal void Race(Action first, Action second)
    {
        Array.Clear(_activations);
        Activate(0, "race");
        Activate(1, "race");
        foreach (var (activation, act) in new[] { (0, first), (1, second) })
        {
            _only = activation;
            act();
        }
        _only = null;
    }

    /// <summary>What an activation believes to be saved. One that has just read it asks the bucket whether the database went back.</summary>
    private VolumeRow? Activate(int activation, string what)
    {
        if (_activations[activation] is null && Row is { } read)
        {
            _activations[activation] = read;
            _isBehind[activation] = Sync.Result(HeadManifest.HighestVersionAsync(_world.Bucket, Lineage)) > Math.Max(read.Head.Version, read.Claimed);
            // Commits alone were given up, and the agents that made them have them still.
            if (!_isBehind[activation]) GivenUp = null;
        }
        // An agent that attaches, or a worker that begins, has the head rebuilt.
        if (!_isBehind[activation] || what is not ("attach" or "work")) return _activations[activation];
        _isBehind[activation] = false;
        _activations[activation] = null;
        if (Row?.Stamp is not { } stamp || !Rebuild(GivenUp ?? Row)) return null;
        _world.Happened("rebuilt because the bucket is ahead", $"{Id}/{activation}: {what}, of row {stamp}");
        return _activations[activation] = Row;
    }

    /// <summary>Before a manifest is stored its version is claimed: from then on no other head has that version or a lower one.</summary>
    private VolumeRow? Claim(int activation, string what, VolumeRow row, long version)
    {
        if (_world.Is(PlantedBug.ManifestWithoutClaim)) return row;
        _activations[activation] = null;
        if (!_world.Database.TrySave(Id, row, row with { Claimed = version }, _world.Is(PlantedBug.CompareAndSetIgnored), out var claimed))
        {
            _world.Happened("a claim is lost", $"{Id}/{activation}: {what}");
            return null;
        }
        if (_world.Fault(0.02))
        {
            _world.Happened("dies with a claim", $"{Id}/{activation}: {what}");
            return null;
        }
        return _activations[activation] = claimed;
    }

    private void SoonOrLate(int activation, string what, Action rest)
    {
        if (!_world.Fault(0.05))
        {
            rest();
            return;
        }
        _world.Happened("not saved yet", $"{Id}/{activation}: {what}");
        var since = _world.Now;
        Unfinished.Add(() =>
        {
            if (_world.Now - since <= StoreWorld.LongestWork) rest();
        });
    }

    /// <summary>Where compaction moved what the origins wrote, as their heads say now.</summary>
    internal IEnumerable<RelocationRoot> OriginTables => Origin is null ? [] : [.. Origin.Row?.Head.Relocations ?? [], .. Origin.OriginTables];

    /// <summary>An image with the tables of today: its own know only where frames were when it was made.</summary>
    internal ImageDescriptor Today(VolumeRow row, ImageDescriptor image) => image.At([.. row.Head.Relocations, .. OriginTables]);

    /// <summary>The whole image through the product's reader.</summary>
    internal ImageReader Open(VolumeRow row, ImageDescriptor image) => Sync.Result(ImageReader.OpenAsync(Today(row, image), Segments, ReaderOptions));

    /// <summary>
    /// What comes of reading what a row names; null when the row is an old one and its blobs were deleted long after it was replaced. Then an
    /// activation gives up, and a worker too.
    /// </summary>
    private T? Try<T>(VolumeRow row, string what, Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (BlobNotFoundException) when (row.Stamp != Row?.Stamp)
        {
            _world.Happened("an old head finds its blobs gone", $"{Id}: {what}");
            return null;
        }
    }

    internal static ImageReaderOptions ReaderOptions { get; } = new() { ParallelReads = 1 };

    private void Save(int activation, string what, VolumeRow basedOn, VolumeRow next, Action<VolumeRow, HeadRefusal?> answer)
    {
        var isLost = _world.Fault(0.02);
        var isUnknown = _world.Fault(0.04);
        if (isLost)
        {
            _world.Happened("the save never arrives", $"{Id}/{activation}: {what}");
            _activations[activation] = null;
            return;
        }
        if (!_world.Database.TrySave(Id, basedOn, next, _world.Is(PlantedBug.CompareAndSetIgnored), out var saved))
        {
            _world.Happened("lost to another activation", $"{Id}/{activation}: {what}");
            _activations[activation] = null;
            return;
        }
        _world.Happened(isUnknown ? "saved, outcome unknown" : "saved", $"{Id}/{activation}: {what}: {Describe(saved)}");
        StoreChecks.Saved(this, basedOn, saved);
        // After an unknown outcome the activation reads again, and finds its own save or another's.
        _activations[activation] = isUnknown ? Row : saved;
        if (_activations[activation]?.Stamp == saved.Stamp) answer(saved, null);
    }

    /// <summary>Adds the cuts of a change to the catalogue, and a manifest where one belongs, as the grain does before it saves.</summary>
    private VolumeDecision ToDecision(VolumeRow row, HeadChange change, VolumeTruth truth)
    {
        if (change.Refusal is { } refusal) return new VolumeDecision(null, [], refusal);
        if (change.Cuts.Count > 0)
        {
            var catalogue = OpenCatalogue(change.Head);
            foreach (var cut in change.Cuts) Sync.Result(catalogue.PutSnapshotAsync(cut));
            change = change.WithCatalogue(Sync.Result(catalogue.SealAsync(Sealer, change.Head.Version, _world.Now)));
        }
        // What the chain of segments does not tell goes into a manifest.
        var (from, to) = (row.Head.ToImage(), change.Head.ToImage());
        if (change.Head.Catalogue == row.Head.Catalogue && to with { Tail = from.Tail } == from)
            return new VolumeDecision(row with { Head = change.Head, Truth = truth }, change.Blobs, null);
        var head = change.Head.WithManifest(Sealer).Above(row.Claimed);
        var manifest = ManifestOf(head, truth);
        return new VolumeDecision(row with { Head = head, Truth = truth }, change.Blobs, null) { Manifest = manifest };
    }

    private BlobEffect ManifestOf(VolumeHead head, VolumeTruth truth)
    {
        _world.Manifests[head.Manifest!.BlobKey] = truth;
        return new HeadManifest(head, WrappedKeys).Seal(Sealer);
    }

    // Wrapping is random and not what is simulated: the bytes only have to be there.
    private IReadOnlyList<WrappedKey> WrappedKeys =>
        [new WrappedKey(Lineage, 1, new byte[AccountKey.WrappedLengthBytes]), .. Origin?.WrappedKeys ?? []];

    private static Retention DrawRetention(Random random)
    {
        TimeSpan Of(params ReadOnlySpan<int> seconds) => TimeSpan.FromSeconds(seconds[random.Next(seconds.Length)]);
        return new Retention(Of(0, 0, 60, 3600, 86_400), Of(0, 20, 20, 3600), Of(0, 3600, 604_800));
    }

    private static string Describe(VolumeRow row) =>
        $"v{row.Head.Version} e{row.Head.Epoch} s{row.Head.CommittedSequence} base {row.Head.BaseSequence} tail {row.Head.Tail.Count}";
}

/// <summary>What a call to a volume decided: a row to save after its blobs, or nothing.</summary>
internal sealed record VolumeDecision(VolumeRow? Next, IReadOnlyList<BlobEffect> Blobs, HeadRefusal? Refusal)
{
    /// <summary>The manifest of the row's head, stored after its version is claimed and before the save; null for none.</summary>
    internal BlobEffect? Manifest { get; init; }

    internal static VolumeDecision Nothing { get; } = new(null, [], null);
}
