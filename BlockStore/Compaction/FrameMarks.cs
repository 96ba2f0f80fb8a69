using System.Numerics;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Compaction;

/// <summary>
/// Which frames of chosen segments some root reaches: one bit a frame. Walks maps page by page, each stored page once however many
/// roots share it, and nothing that another lineage wrote, which cannot name ours.
/// </summary>
internal sealed class FrameMarks(LineageId lineage, MapReader map, IEnumerable<SegmentIdentity> chosen)
{
    private readonly Dictionary<BlobNonce, List<ulong>> _marks = chosen.ToDictionary(segment => segment.Nonce, _ => new List<ulong>());
    private readonly HashSet<(BlobNonce Segment, int Index)> _seen = [];

    /// <summary>Marks all that is reached from a page.</summary>
    public async Task WalkAsync(PageReference root, int level, long number, CancellationToken cancellationToken)
    {
        var path = new Stack<(PageReference Page, int Level, long Number)>();
        path.Push((root, level, number));
        while (path.TryPop(out var top))
        {
            var (page, at, position) = top;
            if (page.Segment.Identity.Owner != lineage || !_seen.Add((page.Segment.Identity.Nonce, page.Index))) continue;
            Mark(page.Segment.Identity.Nonce, page.Index);
            var loaded = await map.GetAsync(page, at, position, cancellationToken);
            foreach (var fragments in loaded.Blocks.Values)
                foreach (var fragment in fragments) Mark(fragment.Segment.Identity.Nonce, fragment.Index);
            foreach (var (slot, child) in loaded.Children)
                path.Push((child, at - 1, (position * BlockGeometry.PageEntries) + slot));
        }
    }

    /// <summary>Indexes of a chosen segment's marked frames, rising.</summary>
    public IEnumerable<int> Of(SegmentIdentity segment)
    {
        var words = _marks[segment.Nonce];
        for (var word = 0; word < words.Count; word++)
            for (var left = words[word]; left != 0; left &= left - 1)
                yield return (word * 64) + BitOperations.TrailingZeroCount(left);
    }

    private void Mark(BlobNonce segment, int index)
    {
        if (!_marks.TryGetValue(segment, out var words)) return;
        while (words.Count <= index / 64) words.Add(0);
        words[index / 64] |= 1UL << (index % 64);
    }
}
