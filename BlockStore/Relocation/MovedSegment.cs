using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Relocation;

/// <summary>One record of a relocation table: all of a segment's frames that are kept lie in one container.</summary>
/// <param name="Segment">What the map calls it; its epoch is not part of the record's key and is checked in the container.</param>
/// <param name="Container">Where its frames are.</param>
/// <param name="FrameBytes">Their stored bytes there.</param>
public sealed record MovedSegment(SegmentIdentity Segment, SegmentReference Container, int FrameBytes);
