using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;

namespace Tidegate.BlockStore.Folding;

/// <summary>
/// Applies a run of segments, with no cut inside, to a tree: depth first, so that one leaf's worth of work is in memory at a time, and
/// only under nodes that a frame or a range touches.
/// </summary>
internal sealed class FoldPass(
    MapReader map, FoldAccounts accounts, PageWriter writer, Func<BlobEffect, CancellationToken, ValueTask> put, long sizeBytes,
    long throughSequence, StagedFills? staged = null, BlockMerger? merger = null)
{
    /// <summary>Leaves that may wait for the segment of their merged frames.</summary>
    private const int MaxWaitingLeaves = 64;

    private readonly List<(MapPage Page, PageReference? Stored)> _waiting = [];
    private readonly long _endSector = sizeBytes / BlockGeometry.SectorBytes;

    public async Task<PageRoot?> RunAsync(PageRoot? root, IReadOnlyList<SegmentReader> segments, CancellationToken cancellationToken)
    {
        var level = Math.Max(root?.Level ?? 0, MapGeometry.RootLevel(sizeBytes));
        var sources = segments.Select(reader => new FoldSource(reader, 0, reader.Index.Entries.Count)).ToArray();
        foreach (var source in sources) Discount(source, MapGeometry.FirstBlock(level, 1));
        var touched = sources.Any(source => source.HasFrames || (root is not null && source.Reader.Index.Ranges.Count > 0));
        if (!touched) return root;
        var page = await NodeAsync(level, 0, root?.Page, root?.Level ?? level, sources, cancellationToken);
        // A tree of one leaf has nothing above it that would have waited for it.
        await foreach (var (_, leaf) in WriteWaitingAsync(cancellationToken)) page = leaf;
        writer.Finish();
        await PutFinishedAsync(cancellationToken);
        return page is null ? null : new PageRoot(level, writer.Resolve(page));
    }

    // What an agent sealed past the end of the tree is in no page: it dies where it was born, or it would count as living for ever.
    private void Discount(FoldSource source, long endBlock)
    {
        for (var i = source.LowerBound(endBlock); i < source.To; i++)
        {
            var entry = source.Reader.Index.Entries[i];
            accounts.Kill(new MapFragment(source.Reader.Reference, i, 0, staged?.Birth ?? source.Sequence, entry.StoredBytes, entry.Tag), source.Sequence);
        }
    }

    /// <summary>
    /// <paramref name="stored"/> is the tree so far under this node, or, after the volume grew, under its leftmost descendant at
    /// <paramref name="storedLevel"/>.
    /// </summary>
    private async Task<PageReference?> NodeAsync(
        int level, long number, PageReference? stored, int storedLevel, IReadOnlyList<FoldSource> sources,
        CancellationToken cancellationToken)
    {
        var first = MapGeometry.FirstBlock(level, number);
        var end = MapGeometry.FirstBlock(level, number + 1);
        var active = sources.Select(source => source.Narrow(first, end)).OfType<FoldSource>().ToArray();
        if (!active.Any(source => source.HasFrames) && (stored is null || active.Length == 0))
        {
            if (stored is null || storedLevel == level) return stored;
        }
        // What lies under a staged discard may be alive in the main image: there it is looked into at once.
        if (staged is null && stored is not null && storedLevel == level && level > 0 && FindCover(active, first, end) is { } cover)
        {
            if (accounts.Owns(stored)) accounts.Subtrees.Add(new DeadSubtree(cover.Sequence, level, number, stored));
            stored = null;
        }
        return level == 0
            ? await LeafAsync(number, stored, active, cancellationToken)
            : await InteriorAsync(level, number, stored, storedLevel, active, cancellationToken);
    }

    private async Task<PageReference?> InteriorAsync(
        int level, long number, PageReference? stored, int storedLevel, FoldSource[] sources, CancellationToken cancellationToken)
    {
        var page = new MapPage(level, number);
        if (stored is not null && storedLevel == level)
        {
            foreach (var (slot, child) in (await map.GetAsync(stored, level, number, cancellationToken)).Children)
                page.Children.Add(slot, child);
        }
        else if (stored is not null)
        {
            page.Children.Add(0, stored);
        }
        var childLevel = stored is null ? level - 1 : Math.Min(storedLevel, level - 1);
        foreach (var slot in TouchedSlots(level, number, page, sources))
        {
            var before = page.Children.GetValueOrDefault(slot);
            var after = await NodeAsync(
                level - 1, (number * BlockGeometry.PageEntries) + slot, before, slot == 0 ? childLevel : level - 1, sources,
                cancellationToken);
            if (after is null) page.Children.Remove(slot);
            else page.Children[slot] = after;
            if (level == 1 && (merger?.IsFull == true || _waiting.Count >= MaxWaitingLeaves)) await TakeWaitingAsync(page, cancellationToken);
        }
        if (level == 1) await TakeWaitingAsync(page, cancellationToken);
        return await WriteAsync(page, storedLevel == level ? stored : null, cancellationToken);
    }

    private async Task<PageReference?> LeafAsync(
        long number, PageReference? stored, FoldSource[] sources, CancellationToken cancellationToken)
    {
        var first = MapGeometry.FirstBlock(0, number);
        var blocks = new SortedDictionary<int, FragmentList>();
        if (stored is not null)
            foreach (var (slot, fragments) in (await map.GetAsync(stored, 0, number, cancellationToken)).Blocks)
                blocks.Add(slot, new FragmentList(fragments));
        var touched = staged is null ? [] : await staged.LoadZeroesAsync(first, first + BlockGeometry.PageEntries, sources, cancellationToken);
        foreach (var source in sources)
        {
            var birth = staged?.Birth ?? source.Sequence;
            void Died(MapFragment fragment) => accounts.Kill(fragment, source.Sequence);
            if (source.TouchesByRange(first, first + BlockGeometry.PageEntries))
                foreach (var (slot, fragments) in blocks)
                    fragments.Cover(Open(source, first + slot, SegmentRanges.MaskOf(source.Reader.Index.Ranges, first + slot), fragments), Died);
            for (var i = source.From; i < source.To; i++)
            {
                var entry = source.Reader.Index.Entries[i];
                var slot = (int)(entry.Block - first);
                if (!blocks.TryGetValue(slot, out var fragments)) blocks.Add(slot, fragments = new FragmentList());
                var mask = Open(source, entry.Block, entry.Mask, fragments);
                fragments.Cover(mask, Died);
                var fragment = new MapFragment(source.Reader.Reference, i, mask, birth, entry.StoredBytes, entry.Tag);
                if (mask != 0) fragments.Add(fragment);
                else Died(fragment);
            }
        }
        var page = new MapPage(0, number);
        foreach (var (slot, fragments) in blocks)
            if (fragments.Fragments.Count > 0) page.Blocks.Add(slot, fragments.ToCanonical());
        if (merger is not null && await merger.MergeAsync(page, throughSequence, sources.Sum(source => source.StoredBytes), cancellationToken))
        {
            _waiting.Add((page, stored));
            return null;
        }
        return await WriteAsync(page, stored, cancellationToken);

        ushort Open(FoldSource source, long block, ushort mask, FragmentList fragments) => staged is null || !source.IsFill
            ? mask
            : (ushort)(mask & ~staged.TouchedMask(block, touched, fragments));
    }

    private async Task TakeWaitingAsync(MapPage parent, CancellationToken cancellationToken)
    {
        await foreach (var (number, leaf) in WriteWaitingAsync(cancellationToken))
            parent.Children[MapGeometry.SlotOf(1, MapGeometry.FirstBlock(0, number))] = leaf;
    }

    // Leaves name the segment of their merged frames with its length, which is known when it is finished.
    private async IAsyncEnumerable<(long Number, PageReference Leaf)> WriteWaitingAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_waiting.Count == 0) yield break;
        var finished = await merger!.FinishAsync(cancellationToken);
        foreach (var (page, stored) in _waiting)
        {
            BlockMerger.Resolve(page, finished!);
            yield return (page.Number, (await WriteAsync(page, stored, cancellationToken))!);
        }
        _waiting.Clear();
    }

    private async Task<PageReference?> WriteAsync(MapPage page, PageReference? stored, CancellationToken cancellationToken)
    {
        var hash = page.ComputeHash();
        if (stored is not null && !page.IsEmpty && hash == stored.Hash) return stored;
        if (stored is not null) accounts.Kill(stored, throughSequence);
        if (page.IsEmpty) return null;
        var holder = writer.NextHolder();
        await PutFinishedAsync(cancellationToken);
        foreach (var (slot, child) in page.Children.ToArray()) page.Children[slot] = writer.Resolve(child);
        return writer.Add((uint)page.Number, page.Level, page.Encode(holder), hash);
    }

    private async ValueTask PutFinishedAsync(CancellationToken cancellationToken)
    {
        while (writer.TryTakeBlob(out var blob)) await put(blob!, cancellationToken);
    }

    /// <summary>
    /// The first segment that makes everything under a node zero; the node's end is the volume's when it reaches past it.
    /// </summary>
    private FoldSource? FindCover(FoldSource[] sources, long firstBlock, long endBlock)
    {
        var first = firstBlock * BlockGeometry.SectorsPerBlock;
        var end = Math.Min(endBlock * BlockGeometry.SectorsPerBlock, _endSector);
        foreach (var source in sources)
            if (first < end && source.Covers(first, end)) return source;
        return null;
    }

    private static List<int> TouchedSlots(int level, long number, MapPage page, FoldSource[] sources)
    {
        var span = 1L << MapGeometry.SpanBits(level - 1);
        var first = MapGeometry.FirstBlock(level, number);
        var slots = new SortedSet<int>();
        foreach (var source in sources)
        {
            for (var at = source.From; at < source.To;)
            {
                var slot = MapGeometry.SlotOf(level, source.Reader.Index.Entries[at].Block);
                slots.Add(slot);
                at = source.LowerBound(first + ((slot + 1) * span));
            }
        }
        foreach (var slot in page.Children.Keys)
            if (sources.Any(source => source.TouchesByRange(first + (slot * span), first + ((slot + 1) * span)))) slots.Add(slot);
        // After the volume grew the old root hangs in slot 0 and may be several levels down: it needs its wrapping pages.
        if (level > 1 && page.Children.ContainsKey(0)) slots.Add(0);
        return [.. slots];
    }
}
