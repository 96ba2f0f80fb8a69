using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Maps;

/// <summary>Some sectors of a block that live in one frame.</summary>
/// <param name="Segment">The segment the frame was born in or moved to.</param>
/// <param name="Index">The frame there.</param>
/// <param name="Mask">Sectors that still live; the frame may hold more.</param>
/// <param name="Birth">Sequence that wrote them.</param>
/// <param name="StoredBytes">Size of the whole frame: it is freed with its last sector.</param>
/// <param name="Tag">The frame's authentication tag.</param>
public sealed record MapFragment(SegmentReference Segment, int Index, ushort Mask, long Birth, int StoredBytes, FrameTag Tag);
