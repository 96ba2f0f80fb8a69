using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Maps;

/// <summary>
/// Loads map pages and believes them only when they have the hash, level and number that was asked for (I6). Bounded cache.
/// </summary>
internal sealed class MapReader(SegmentCache segments, long maxBytes)
{
    private readonly WeightedCache<(PageReference Page, int Level, long Number), MapPage> _pages = new(maxBytes, page => page.HeapBytes);

    /// <summary>Bytes of decoded pages that are kept now.</summary>
    public long CachedBytes => _pages.Weight;

    public Task<MapPage> GetAsync(PageReference page, int level, long number, CancellationToken cancellationToken) =>
        _pages.GetAsync((page, level, number), LoadAsync, cancellationToken);

    /// <summary>The leaf that covers a block, or null when no page does.</summary>
    public async ValueTask<MapPage?> FindLeafAsync(PageRoot? root, long block, CancellationToken cancellationToken) =>
        await FindLeafReferenceAsync(root, block, cancellationToken) is { } leaf
            ? await GetAsync(leaf, 0, block >> MapGeometry.SpanBits(0), cancellationToken)
            : null;

    /// <summary>Where the leaf is that covers a block, or null; reads the pages above it alone.</summary>
    public async ValueTask<PageReference?> FindLeafReferenceAsync(PageRoot? root, long block, CancellationToken cancellationToken)
    {
        if (root is null || block >> MapGeometry.SpanBits(root.Level) != 0) return null;
        var page = root.Page;
        for (var level = root.Level; level > 0; level--)
        {
            var loaded = await GetAsync(page, level, block >> MapGeometry.SpanBits(level), cancellationToken);
            if (!loaded.Children.TryGetValue(MapGeometry.SlotOf(level, block), out page)) return null;
        }
        return page;
    }

    private async Task<MapPage> LoadAsync((PageReference Page, int Level, long Number) key)
    {
        var (reference, level, number) = key;
        var what = $"Map page {reference.Index} of {reference.Segment.Identity.BlobKey}";
        var plain = await segments.ReadPageAsync(reference.Segment, reference.Index, CancellationToken.None);
        var page = MapPage.Decode(plain, reference.Segment, what);
        if (page.Level != level || page.Number != number)
            throw new CorruptDataException(what, $"it is page {page.Number} of level {page.Level}, not page {number} of level {level}");
        return page.ComputeHash() == reference.Hash
            ? page
            : throw new CorruptDataException(what, "its hash is not the one its parent names: it was replaced");
    }
}
