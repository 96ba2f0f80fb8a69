using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Maps;

/// <summary>
/// Some sectors of a block that one sequence wrote and that live in one frame. Several of a block live in the same frame when a fold merged
/// them (<c>docs/formats/map.md</c>, Merging).
/// </summary>
/// <param name="Segment">The segment the frame was born in or moved to.</param>
/// <param name="Index">The frame there.</param>
/// <param name="Mask">Sectors that still live; the frame may hold more.</param>
/// <param name="Birth">Sequence that wrote them.</param>
/// <param name="StoredBytes">Size of the whole frame: it is freed with its last sector.</param>
/// <param name="Tag">The frame's authentication tag.</param>
public sealed record MapFragment(SegmentReference Segment, int Index, ushort Mask, long Birth, int StoredBytes, FrameTag Tag)
{
    /// <summary>The frame.</summary>
    internal FrameId Frame => new(Segment, Index);

    /// <summary>True when a fold merged the frame from others.</summary>
    internal bool IsMerged => Segment.Identity.Kind == SegmentKind.Compact;

    /// <summary>
    /// Sequence of the first root that can reach the frame: what the accounting counts from. A merged frame is younger than what it holds.
    /// </summary>
    internal long FrameBirth => IsMerged ? Segment.Identity.Sequence : Birth;
}
