namespace Tidegate.BlockStore.Folding;

/// <summary>
/// When the frames of a block are merged, and how much a fold may write for it (<c>docs/formats/map.md</c>, Merging). All that is merged is stored
/// a second time for as long as something retained needs the frames that it came from: the share bounds that.
/// </summary>
public sealed record MergeOptions
{
    /// <summary>Frames that a block may have before it is merged, and comes to, 1 to 15. Default 4.</summary>
    public int TargetFrames { get; init; } = 4;

    /// <summary>
    /// Blocks over the target that a leaf (512 blocks, 32 MiB) must have before any of it is merged, 1 to 512. Default 8: a few crowded blocks
    /// cost readers little, and writes scattered over a large volume would have every fold store a handful of tiny segments for them.
    /// </summary>
    public int MinBlocks { get; init; } = 8;

    /// <summary>Stored bytes that a fold may write for merging, over stored bytes of the data that it takes in, 0 to 4. Default 1.25.</summary>
    public double Share { get; init; } = 1.25;

    /// <summary>Stored bytes that a fold may write besides, 0 or more. Default 1 MiB.</summary>
    public long FreeBytes { get; init; } = 1 << 20;

    /// <summary>Blobs that are read at once, 1 to 64; with 1 nothing runs beside the caller. Default 8.</summary>
    public int ParallelReads { get; init; } = 8;

    /// <summary>Throws <see cref="ArgumentException"/> that names every option out of its range.</summary>
    public MergeOptions Validated()
    {
        var faults = new List<string>();
        if (TargetFrames is < 1 or > 15) faults.Add($"{nameof(TargetFrames)} is {TargetFrames}, not 1 to 15");
        if (MinBlocks is < 1 or > BlockGeometry.PageEntries) faults.Add($"{nameof(MinBlocks)} is {MinBlocks}, not 1 to {BlockGeometry.PageEntries}");
        if (Share is not (>= 0 and <= 4)) faults.Add($"{nameof(Share)} is {Share}, not 0 to 4");
        if (FreeBytes < 0) faults.Add($"{nameof(FreeBytes)} is {FreeBytes}, not 0 or more");
        if (ParallelReads is < 1 or > 64) faults.Add($"{nameof(ParallelReads)} is {ParallelReads}, not 1 to 64");
        return faults.Count == 0 ? this : throw new ArgumentException($"Merge options: {string.Join("; ", faults)}.");
    }
}
