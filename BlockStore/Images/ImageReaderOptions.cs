namespace Tidegate.BlockStore.Images;

/// <summary>Bounds of one reader (I11).</summary>
public sealed record ImageReaderOptions
{
    /// <summary>Most bytes of decoded map pages kept; at least 1 MiB. Default 32 MiB.</summary>
    public long MaxPageBytes { get; init; } = 32L << 20;

    /// <summary>Ranged reads under way at once for one call, 1 to 64; with 1 all happens on the caller's thread. Default 8.</summary>
    public int ParallelReads { get; init; } = 8;

    /// <summary>True to read and decrypt on the caller's task scheduler, which may give way to others; else on the pool.</summary>
    public bool StaysOnScheduler { get; init; }

    /// <summary>Segments of the tail that are opened at once, 1 to 64. Default 8.</summary>
    public int ParallelOpens { get; init; } = 8;

    /// <summary>True to read the map's root while the tail is opened: for who is going to read data, from far away.</summary>
    public bool ReadsRootAhead { get; init; }

    /// <summary>Frames of one segment that lie no further apart than this are fetched with one read. Default 64 KiB.</summary>
    public int MaxGapBytes { get; init; } = 64 << 10;

    /// <summary>Most bytes fetched with one read. Default 4 MiB.</summary>
    public int MaxReadBytes { get; init; } = 4 << 20;
}
