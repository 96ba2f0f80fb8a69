namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Sectors that read as zero unless a frame of the same segment holds them: a discard or a write of zeroes. Ranges apply before
/// frames.
/// </summary>
public readonly record struct SegmentRange(long FirstSector, long SectorCount)
{
    /// <summary>Sector after the last.</summary>
    public long EndSector => FirstSector + SectorCount;
}
