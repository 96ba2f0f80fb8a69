namespace Tidegate.BlockStore.Compaction;

/// <summary>When compaction is worth its while, and how much one job does (<c>docs/formats/relocation.md</c>, Compaction).</summary>
public sealed record CompactionOptions
{
    /// <summary>Stored bytes over reachable bytes at which a volume is compact enough, 1.05 to 10. Default 1.3.</summary>
    public double TargetRatio { get; init; } = 1.3;

    /// <summary>Less garbage than this is left alone, in bytes, 0 or more. Default 32 MiB.</summary>
    public long MinGarbageBytes { get; init; } = 32L << 20;

    /// <summary>Most stored bytes that one job copies, at least 1 MiB; a job takes one blob at least. Default 256 MiB.</summary>
    public long MaxCopiedBytes { get; init; } = 256L << 20;

    /// <summary>Most blobs that one job replaces, 2 to 65,536. Default 4096.</summary>
    public int MaxBlobs { get; init; } = 4096;

    /// <summary>Containers are rolled at this many bytes of frames, 64 KiB to 32 MiB. Default 8 MiB.</summary>
    public int ContainerBytes { get; init; } = 8 << 20;

    /// <summary>Blobs no larger than this are merged, in bytes, 0 to half of <see cref="ContainerBytes"/>. Default 1 MiB.</summary>
    public int SmallBlobBytes { get; init; } = 1 << 20;

    /// <summary>How many small blobs make merging worth a job, at least 2. Default 32.</summary>
    public int MinSmallBlobs { get; init; } = 32;

    /// <summary>Throws <see cref="ArgumentException"/> that names every option out of its range.</summary>
    public CompactionOptions Validated()
    {
        var faults = new List<string>();
        if (TargetRatio is not (>= 1.05 and <= 10)) faults.Add($"{nameof(TargetRatio)} is {TargetRatio}, not 1.05 to 10");
        if (MinGarbageBytes < 0) faults.Add($"{nameof(MinGarbageBytes)} is {MinGarbageBytes}, not 0 or more");
        if (MaxCopiedBytes < 1 << 20) faults.Add($"{nameof(MaxCopiedBytes)} is {MaxCopiedBytes}, not 1 MiB or more");
        if (MaxBlobs is < 2 or > 65_536) faults.Add($"{nameof(MaxBlobs)} is {MaxBlobs}, not 2 to 65,536");
        if (ContainerBytes is < 64 << 10 or > 32 << 20) faults.Add($"{nameof(ContainerBytes)} is {ContainerBytes}, not 64 KiB to 32 MiB");
        // A merged container must not be small itself, or merging would never end.
        if (SmallBlobBytes < 0 || SmallBlobBytes > ContainerBytes / 2)
            faults.Add($"{nameof(SmallBlobBytes)} is {SmallBlobBytes}, not 0 to half of {nameof(ContainerBytes)}");
        if (MinSmallBlobs < 2) faults.Add($"{nameof(MinSmallBlobs)} is {MinSmallBlobs}, not 2 or more");
        return faults.Count == 0 ? this : throw new ArgumentException($"Compaction options: {string.Join("; ", faults)}.");
    }
}
