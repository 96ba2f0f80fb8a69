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
    private const long PageCacheBytes = 1 << 20;

    /// <summary>Prepares the expansion of some subtrees; null when none wait.</summary>
    public static async Task<PreparedChange?> PrepareAsync(
        VolumeHead head, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, ReclaimLimits? limits = null,
        CancellationToken cancellationToken = default)
    {
        limits ??= ReclaimLimits.Default;
        var catalogue = new CatalogueEdit(head, segments);
        var stored = new Queue<DeadSubtree>(await catalogue.ListSubtreesAsync(cancellationToken).Take(limits.Pages).ToListAsync(cancellationToken));
        if (stored.Count == 0) return null;
        var version = head.Version + 1;
        var ledger = new SpaceLedger(catalogue, await Holds.LoadAsync(catalogue, cancellationToken), now, version);
        var map = new MapReader(segments.At(head.Relocations), PageCacheBytes);
        var children = new Stack<DeadSubtree>();
        // Children first: of a subtree that is begun little is left to be written, and it is read while its pages are at hand.
        for (var read = 0; read < limits.Pages && !ledger.IsFull(limits); read++)
        {
            if (!children.TryPop(out var subtree))
            {
                if (!stored.TryDequeue(out subtree)) break;
                await catalogue.RemoveSubtreeAsync(subtree, cancellationToken);
            }
            foreach (var child in await ExpandAsync(subtree, map, ledger, head.Lineage, cancellationToken)) children.Push(child);
        }
        foreach (var left in children) await catalogue.PutSubtreeAsync(left, cancellationToken);
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
        foreach (var fragment in page.Blocks.Values.SelectMany(fragments => fragments.DistinctBy(fragment => fragment.Frame)))
            if (fragment.Segment.Identity.Owner == lineage)
                ledger.Kill(fragment.Segment.Identity, fragment.FrameBirth, subtree.Death, fragment.StoredBytes);
        return [.. page.Children
            .Where(child => child.Value.Segment.Identity.Owner == lineage)
            .Select(child => new DeadSubtree(subtree.Death, subtree.Level - 1, (subtree.Number * BlockGeometry.PageEntries) + child.Key, child.Value))];
    }
}
