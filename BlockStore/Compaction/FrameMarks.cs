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
    // A bit for each page that was walked, by its segment: volumes with many snapshots have many millions of pages.
    private readonly Dictionary<BlobNonce, List<ulong>> _seen = [];

    /// <summary>Marks all that is reached from a page.</summary>
    public async Task WalkAsync(PageReference root, int level, long number, CancellationToken cancellationToken)
    {
        var path = new Stack<(PageReference Page, int Level, long Number)>();
        path.Push((root, level, number));
        while (path.TryPop(out var top))
        {
            var (page, at, position) = top;
            if (page.Segment.Identity.Owner != lineage || !See(page)) continue;
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

    private bool See(PageReference page)
    {
        if (!_seen.TryGetValue(page.Segment.Identity.Nonce, out var words)) _seen.Add(page.Segment.Identity.Nonce, words = []);
        return Set(words, page.Index);
    }

    private void Mark(BlobNonce segment, int index)
    {
        if (_marks.TryGetValue(segment, out var words)) Set(words, index);
    }

    /// <summary>Sets a bit; true when it was not set.</summary>
    private static bool Set(List<ulong> words, int index)
    {
        while (words.Count <= index / 64) words.Add(0);
        var bit = 1UL << (index % 64);
        if ((words[index / 64] & bit) != 0) return false;
        words[index / 64] |= bit;
        return true;
    }
}
