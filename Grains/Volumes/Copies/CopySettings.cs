using Tidegate.BlockStore.Copying;

namespace Tidegate.Grains.Volumes.Copies;

/// <summary>How much of a copy is done at a time.</summary>
/// <param name="UnitSegments">Segments between two looks at the offer and the source, which one commit saves together. Default 8.</param>
/// <param name="SegmentBlocks">Blocks of a segment, 1 to <see cref="ImageCopy.MaxSegmentBlocks"/>. Default that.</param>
internal sealed record CopySettings(int UnitSegments = 8, int SegmentBlocks = ImageCopy.MaxSegmentBlocks);
