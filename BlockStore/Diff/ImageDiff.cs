using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Diff;

/// <summary>
/// Which blocks differ between two images of one history. Walks both maps and skips what has equal hashes, then compares what the tails
/// touch: the cost follows the changes, not the size. A block whose bytes were rewritten unchanged counts as changed.
/// </summary>
public static class ImageDiff
{
    /// <summary>Pages that are asked for before they are needed, of each image.</summary>
    private const int ReadAhead = 16;

    /// <summary>
    /// Blocks from <paramref name="firstBlock"/> on that differ, in order; what lies before is skipped by whole subtrees. Blocks past the
    /// end of the smaller image count when the larger holds anything there.
    /// </summary>
    public static async IAsyncEnumerable<uint> ChangedBlocksAsync(
        ImageReader before, ImageReader after, uint firstBlock = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var tails = new SortedSet<uint>(before.Overlay.Blocks.Concat(after.Overlay.Blocks).Where(block => block >= firstBlock));
        var level = Math.Max(before.Image.Root?.Level ?? 0, after.Image.Root?.Level ?? 0);
        var candidates = Merge(MapDifferencesAsync(before, after, level, firstBlock, cancellationToken), tails, cancellationToken);
        // Zeroed ranges hide map blocks without naming them; each leaf under one is looked into.
        var zeroed = SegmentRanges.Union(before.Overlay.Zeroes.Concat(after.Overlay.Zeroes));
        var last = -1L;
        await foreach (var block in Merge(candidates, ZeroedBlocksAsync(before, after, zeroed, firstBlock, cancellationToken), cancellationToken))
        {
            if (block == last) continue;
            last = block;
            if (!await EqualAsync(before, after, block, cancellationToken)) yield return block;
        }
    }

    private static async ValueTask<bool> EqualAsync(ImageReader before, ImageReader after, uint block, CancellationToken cancellationToken)
    {
        var one = await before.ResolveAsync(block, cancellationToken);
        var two = await after.ResolveAsync(block, cancellationToken);
        return AreEqual(one, two);
    }

    // Sector by sector: the same ones may lie in other frames since a fold merged some.
    private static bool AreEqual(IReadOnlyList<MapFragment> one, IReadOnlyList<MapFragment> two)
    {
        var (left, right) = (0, 0);
        foreach (var fragment in one)
        {
            left |= fragment.Mask;
            foreach (var other in two)
                if ((fragment.Mask & other.Mask) != 0 && !HoldTheSame(fragment, other)) return false;
        }
        foreach (var fragment in two) right |= fragment.Mask;
        return left == right;
    }

    /// <summary>
    /// True when the sectors that both hold are the same writes. A history writes a sector once in a sequence, so that lineage and birth say
    /// which write it was; a merged frame's tag says nothing of it. Frames that were not merged have equal tags as well.
    /// </summary>
    private static bool HoldTheSame(MapFragment one, MapFragment two) =>
        one.Birth == two.Birth
        && one.Segment.Identity.Owner == two.Segment.Identity.Owner
        && (one.IsMerged || two.IsMerged || one.Tag == two.Tag);

    /// <summary>Blocks that the maps hold otherwise, in leaves whose hashes differ; what tails hold is looked into besides.</summary>
    private static async IAsyncEnumerable<uint> MapDifferencesAsync(
        ImageReader before, ImageReader after, int level, uint firstBlock, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = new Stack<(int Level, long Number, Side One, Side Two)>();
        path.Push((level, 0, Side.Of(before.Image.Root), Side.Of(after.Image.Root)));
        for (var visited = 0; path.TryPop(out var top); visited++)
        {
            if (visited % ReadAhead == 0)
                foreach (var next in path.Take(ReadAhead)) Prefetch(before.Map, after.Map, next.One, next.Two, next.Level, next.Number);
            if (MapGeometry.FirstBlock(top.Level, top.Number + 1) <= firstBlock) continue;
            if (top.One.Page?.Hash == top.Two.Page?.Hash && top.One.Level == top.Two.Level) continue;
            var one = await OpenAsync(before.Map, top.One, top.Level, top.Number, cancellationToken);
            var two = await OpenAsync(after.Map, top.Two, top.Level, top.Number, cancellationToken);
            if (top.Level == 0)
            {
                foreach (var slot in one.Blocks.Keys.Union(two.Blocks.Keys).Order())
                {
                    var block = (uint)(MapGeometry.FirstBlock(0, top.Number) + slot);
                    if (block >= firstBlock && !AreEqual(one.Blocks.GetValueOrDefault(slot, []), two.Blocks.GetValueOrDefault(slot, []))) yield return block;
                }
                continue;
            }
            foreach (var slot in one.Children.Keys.Union(two.Children.Keys).OrderDescending())
            {
                var number = (top.Number * BlockGeometry.PageEntries) + slot;
                path.Push((top.Level - 1, number, top.One.Below(one, slot, top.Level), top.Two.Below(two, slot, top.Level)));
            }
        }
    }

    /// <summary>Map blocks that lie in zeroed ranges, of either image.</summary>
    private static async IAsyncEnumerable<uint> ZeroedBlocksAsync(
        ImageReader before, ImageReader after, IReadOnlyList<SegmentRange> zeroed, uint firstBlock,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var range in zeroed)
        {
            var block = Math.Max(range.FirstSector / BlockGeometry.SectorsPerBlock, firstBlock);
            var end = (range.EndSector + BlockGeometry.SectorsPerBlock - 1) / BlockGeometry.SectorsPerBlock;
            var last = -1L;
            await foreach (var held in Merge(
                before.EnumerateMapBlocksAsync((uint)block, end, cancellationToken), after.EnumerateMapBlocksAsync((uint)block, end, cancellationToken),
                cancellationToken))
            {
                if (held != last) yield return held;
                last = held;
            }
        }
    }

    // What is loaded waits in the readers' caches; what fails is loaded again by whoever needs it, and says so then.
    private static void Prefetch(MapReader before, MapReader after, Side one, Side two, int level, long number)
    {
        if (one.Page?.Hash == two.Page?.Hash) return;
        if (one.Page is not null && one.Level == level) _ = before.GetAsync(one.Page, level, number, CancellationToken.None);
        if (two.Page is not null && two.Level == level) _ = after.GetAsync(two.Page, level, number, CancellationToken.None);
    }

    private static async ValueTask<MapPage> OpenAsync(MapReader map, Side side, int level, long number, CancellationToken cancellationToken)
    {
        if (side.Page is not null && side.Level == level) return await map.GetAsync(side.Page, level, number, cancellationToken);
        var page = new MapPage(level, number);
        // The smaller tree hangs in the leftmost slot of levels that it does not have.
        if (side.Page is not null && number == 0) page.Children.Add(0, side.Page);
        return page;
    }

    private static async IAsyncEnumerable<uint> Merge(
        IAsyncEnumerable<uint> one, IEnumerable<uint> two, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var other = two.GetEnumerator();
        var has = other.MoveNext();
        await foreach (var block in one.WithCancellation(cancellationToken))
        {
            for (; has && other.Current <= block; has = other.MoveNext()) yield return other.Current;
            yield return block;
        }
        for (; has; has = other.MoveNext()) yield return other.Current;
    }

    private static async IAsyncEnumerable<uint> Merge(
        IAsyncEnumerable<uint> one, IAsyncEnumerable<uint> two, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var other = two.GetAsyncEnumerator(cancellationToken);
        var has = await other.MoveNextAsync();
        await foreach (var block in one.WithCancellation(cancellationToken))
        {
            for (; has && other.Current <= block; has = await other.MoveNextAsync()) yield return other.Current;
            yield return block;
        }
        for (; has; has = await other.MoveNextAsync()) yield return other.Current;
    }

    /// <summary>A tree's page at or under some place, and that page's own level.</summary>
    private readonly record struct Side(PageReference? Page, int Level)
    {
        public static Side Of(PageRoot? root) => new(root?.Page, root?.Level ?? 0);

        public Side Below(MapPage page, int slot, int level) =>
            page.Children.TryGetValue(slot, out var child) ? new Side(child, Math.Min(Level, level - 1)) : new Side(null, 0);
    }
}
