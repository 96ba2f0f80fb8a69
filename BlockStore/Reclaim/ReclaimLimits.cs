namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// The most that one change of reclaim does before it leaves the rest to the next (<c>docs/formats/reclaim.md</c>, Units). All counts are from 1.
/// </summary>
public sealed record ReclaimLimits
{
    /// <summary>What the service uses.</summary>
    public static ReclaimLimits Default { get; } = new();

    /// <summary>Dead lists that are freed.</summary>
    public int Lists { get; init; } = 16_384;

    /// <summary>Segments whose accounts are changed: each may be a page of the catalogue, and another for its tombstone.</summary>
    public int Segments { get; init; } = 1024;

    /// <summary>Dead lists that are looked at.</summary>
    public int Looked { get; init; } = 262_144;

    /// <summary>Points that leave the recovery window.</summary>
    public int Points { get; init; } = 4096;

    /// <summary>Cuts and leases that run out.</summary>
    public int Expired { get; init; } = 256;

    /// <summary>Pages of dead subtrees that are read.</summary>
    public int Pages { get; init; } = 2048;
}
