using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Looks into subtrees of the map that discards dropped unread (<c>docs/formats/reclaim.md</c>, Dead subtrees), in bounded units: each page
/// that is read dies with its fragments, and its children take its place.
/// </summary>
public static class SubtreeExpansion
{
    /// <summary>Pages that one change reads at most.</summary>
    public const int MaxPages = 2048;

    private const long PageCacheBytes = 1 << 20;

    /// <summary>Prepares the expansion of some subtrees; null when none wait.</summary>
    public static async Task<PreparedChange?> PrepareAsync(
        VolumeHead head, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, int maxPages = MaxPages,
        CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var waiting = new Stack<DeadSubtree>();
        var taken = new List<DeadSubtree>();
        await foreach (var subtree in catalogue.ListSubtreesAsync(cancellationToken))
        {
            taken.Add(subtree);
            if (taken.Count == maxPages) break;
        }
        if (taken.Count == 0) return null;
        foreach (var subtree in taken)
        {
            await catalogue.RemoveSubtreeAsync(subtree, cancellationToken);
            waiting.Push(subtree);
        }
        var version = head.Version + 1;
        var ledger = new SpaceLedger(catalogue, await Holds.LoadAsync(catalogue, cancellationToken), now, version);
        var map = new MapReader(segments.At(head.Relocations), PageCacheBytes);
        for (var read = 0; read < maxPages && waiting.TryPop(out var subtree); read++)
            foreach (var child in await ExpandAsync(subtree, map, ledger, head.Lineage, cancellationToken)) waiting.Push(child);
        foreach (var left in waiting) await catalogue.PutSubtreeAsync(left, cancellationToken);
        await ledger.SettleAsync(cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken));
    }

    // What an origin wrote is freed through its pins; below one of its pages nothing is ours.
    private static async Task<IReadOnlyList<DeadSubtree>> ExpandAsync(
        DeadSubtree subtree, MapReader map, SpaceLedger ledger, LineageId lineage, CancellationToken cancellationToken)
    {
        var page = await map.GetAsync(subtree.Page, subtree.Level, subtree.Number, cancellationToken);
        var holder = subtree.Page.Segment.Identity;
        ledger.Kill(holder, holder.Sequence, subtree.Death, subtree.Page.StoredBytes);
        foreach (var fragment in page.Blocks.Values.SelectMany(fragments => fragments))
            if (fragment.Segment.Identity.Owner == lineage)
                ledger.Kill(fragment.Segment.Identity, fragment.Birth, subtree.Death, fragment.StoredBytes);
        return [.. page.Children
            .Where(child => child.Value.Segment.Identity.Owner == lineage)
            .Select(child => new DeadSubtree(subtree.Death, subtree.Level - 1, (subtree.Number * BlockGeometry.PageEntries) + child.Key, child.Value))];
    }
}
