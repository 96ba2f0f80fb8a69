namespace Tidegate.BlockStore.Folding;

/// <summary>
/// When a fold merges the frames of a block, and how much it may write for it (<c>docs/formats/map.md</c>, Merging). All that is merged is stored
/// a second time for as long as something retained needs the frames that it came from: the shares bound that.
/// </summary>
public sealed record MergeOptions
{
    /// <summary>Frames of a block that merging comes to, 1 to 15. Default 4.</summary>
    public int TargetFrames { get; init; } = 4;

    /// <summary>
    /// A block of more is merged whatever its frames are, <see cref="TargetFrames"/> to 16. A block between the two is merged only from frames
    /// that never were: no byte is written again for it twice. Default 8.
    /// </summary>
    public int MaxFrames { get; init; } = 8;

    /// <summary>Stored bytes that blocks over <see cref="MaxFrames"/> may cost, over stored bytes of new data, 0 to 1. Default 0.25.</summary>
    public double CrowdedShare { get; init; } = 0.25;

    /// <summary>The same for other blocks; what both cost counts. Default 0.125.</summary>
    public double Share { get; init; } = 0.125;

    /// <summary>Stored bytes that a fold may write besides, 0 or more. Default 1 MiB.</summary>
    public long FreeBytes { get; init; } = 1 << 20;

    /// <summary>Blobs that are read at once, 1 to 64; with 1 nothing runs beside the caller. Default 8.</summary>
    public int ParallelReads { get; init; } = 8;

    /// <summary>Throws <see cref="ArgumentException"/> that names every option out of its range.</summary>
    public MergeOptions Validated()
    {
        var faults = new List<string>();
        if (TargetFrames is < 1 or > 15) faults.Add($"{nameof(TargetFrames)} is {TargetFrames}, not 1 to 15");
        if (MaxFrames < TargetFrames || MaxFrames > BlockGeometry.SectorsPerBlock)
            faults.Add($"{nameof(MaxFrames)} is {MaxFrames}, not {nameof(TargetFrames)} to {BlockGeometry.SectorsPerBlock}");
        if (CrowdedShare is not (>= 0 and <= 1)) faults.Add($"{nameof(CrowdedShare)} is {CrowdedShare}, not 0 to 1");
        if (Share is not (>= 0 and <= 1)) faults.Add($"{nameof(Share)} is {Share}, not 0 to 1");
        if (FreeBytes < 0) faults.Add($"{nameof(FreeBytes)} is {FreeBytes}, not 0 or more");
        if (ParallelReads is < 1 or > 64) faults.Add($"{nameof(ParallelReads)} is {ParallelReads}, not 1 to 64");
        return faults.Count == 0 ? this : throw new ArgumentException($"Merge options: {string.Join("; ", faults)}.");
    }
}
