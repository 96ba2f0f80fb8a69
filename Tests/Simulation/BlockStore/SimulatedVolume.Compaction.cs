using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Heads;

namespace Tidegate.Tests.Simulation.BlockStore;

// Compaction: computed by a worker from some head, prepared for a later one, published or lost like every other work.
internal sealed partial class SimulatedVolume
{
    /// <summary>Compacts whatever can be: the volumes are small.</summary>
    private static readonly CompactionOptions Eager = new()
    {
        TargetRatio = 1.05,
        MinGarbageBytes = 0,
        MaxCopiedBytes = 1 << 20,
        MaxBlobs = 16,
        ContainerBytes = 64 << 10,
        SmallBlobBytes = 8 << 10,
        MinSmallBlobs = 2,
    };

    /// <summary>Compactions that a worker has computed and not prepared.</summary>
    internal List<CompactionResult> Compactions { get; } = [];

    internal void ComputeCompaction()
    {
        if (AnyRow() is not { } row || Try(row, "compaction", () => Compact(row)) is not { } compaction) return;
        _world.Happened("compacted", $"{Id}: v{row.Head.Version}, {compaction.Condemned.Count} blobs replaced");
        Compactions.Add(compaction);
    }

    internal void PrepareCompaction(CompactionResult compaction) => Prepare(
        "compaction", row => Sync.Result(PreparedChange.OfCompactionAsync(row.Head, compaction, _world.Now, Segments, Sealer)));

    private CompactionResult? Compact(VolumeRow row)
    {
        var compactor = new Compactor(
            Segments.At([.. OriginTables]),
            Sealer,
            PutAsync,
            Eager);
        return Sync.Result(compactor.CompactAsync(_world.Is(PlantedBug.CompactionForgetsWindow) ? WithoutBases(row.Head) : row.Head));
    }

    private VolumeHead WithoutBases(VolumeHead head)
    {
        var catalogue = OpenCatalogue(head);
        foreach (var known in Sync.ToList(catalogue.ListBasesAsync())) Sync.Run(catalogue.RemoveBaseAsync(known.Sequence, default));
        var update = Sync.Result(catalogue.SealAsync(Sealer, head.Version, _world.Now));
        foreach (var blob in update.Blobs) Sync.Result(_world.Bucket.PutIfAbsentAsync(blob.Key, blob.Content));
        return head with { Catalogue = update.Root };
    }
}
