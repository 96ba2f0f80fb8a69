namespace Tidegate.BlockStore.Verification;

/// <summary>How a store is verified.</summary>
public sealed record VerifyOptions
{
    /// <summary>True to leave out the frames of data segments: pages, indexes and lengths alone are checked.</summary>
    public bool IsQuick { get; init; }

    /// <summary>Segments read at once, 1 to 64; each may take 64 MiB. Default 4.</summary>
    public int ParallelSegments { get; init; } = 4;

    /// <summary>Most damages that a report names, 1 or more; the rest are counted. Default 10,000.</summary>
    public int MaxDamages { get; init; } = 10_000;
}
