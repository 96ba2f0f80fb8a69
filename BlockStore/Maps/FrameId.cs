using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Maps;

/// <summary>Which frame, by the segment that it was born in and its place there, wherever it is stored now.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Index">The frame there.</param>
internal readonly record struct FrameId(SegmentReference Segment, int Index);
