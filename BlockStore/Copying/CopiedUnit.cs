using Tidegate.BlockStore.Heads;

namespace Tidegate.BlockStore.Copying;

/// <summary>What one unit of a copy stored: the next segments of the target's lineage, to be committed together.</summary>
/// <param name="Segments">In order; the last names the snapshot when the image is whole.</param>
/// <param name="DataBytes">Bytes of sectors in them, before compression.</param>
/// <param name="IsLast">True when nothing of the image is left.</param>
public sealed record CopiedUnit(IReadOnlyList<SegmentClaim> Segments, long DataBytes, bool IsLast);
