using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Relocation;

/// <summary>The frames of one segment that lie in a container: their indexes in the segment, and their entries where they are now.</summary>
internal sealed class MovedFrames(SegmentReference container, IReadOnlyList<SegmentEntry> entries, int first, int[] indexes)
{
    /// <summary>The blob that they are in.</summary>
    public SegmentReference Container => container;

    /// <summary>Indexes of the frames in their own segment, rising.</summary>
    public IReadOnlyList<int> Indexes => indexes;

    /// <summary>The entry of a frame by its index in its own segment, or null when it was not kept.</summary>
    public SegmentEntry? Find(int index)
    {
        var at = Array.BinarySearch(indexes, index);
        return at >= 0 ? entries[first + at] : null;
    }
}
