using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Verification;

/// <summary>
/// Walks all that volumes reach: catalogues, tails, maps. Checks every page, and every fragment against the index of the segment that
/// it names. A damaged page hides what is under it and nothing else; what images share is looked at once. For one thread.
/// </summary>
internal sealed class ReachWalk(DamageList damages)
{
    private const int MaxLostBlocks = 1024;

    private readonly HashSet<PageReference> _pages = [];
    private readonly Dictionary<SegmentReference, ReachedSegment> _segments = [];
    private readonly HashSet<SegmentReference> _manifests = [];

    public IEnumerable<ReachedSegment> Segments => _segments.Values;

    public long Pages => _pages.Count;

    /// <summary>Walks one volume; returns how many snapshots its catalogue names.</summary>
    public async Task<int> WalkAsync(StoredVolume volume, Action<string> at, CancellationToken cancellationToken)
    {
        foreach (var damage in volume.Damages) damages.Add(damage);
        if (volume.ChainEndsBecause is { } reason)
            damages.Add(new StoreDamage(DamageKind.Chain, volume.Lineage, volume.ManifestKey, null, null, StoredVolume.HeadImage, reason));
        var snapshots = await SnapshotsAsync(volume, cancellationToken);
        at($"{volume.Lineage}: newest point");
        await WalkImageAsync(volume, StoredVolume.HeadImage, volume.NewestImage, cancellationToken);
        if (volume.Manifest.Head.Staging is { } staging)
        {
            at($"{volume.Lineage}: staging branch");
            await WalkImageAsync(
                volume, StoredVolume.StagingImage, volume.Manifest.Head.ToImage() with { Root = staging.Root, Tail = staging.Tail }, cancellationToken);
        }
        foreach (var snapshot in snapshots)
        {
            at($"{volume.Lineage}: snapshot {snapshot.SnapshotId}");
            await WalkImageAsync(volume, snapshot.SnapshotId, snapshot.Image, cancellationToken);
        }
        return snapshots.Count;
    }

    private async Task<List<SnapshotRecord>> SnapshotsAsync(StoredVolume volume, CancellationToken cancellationToken)
    {
        var snapshots = new List<SnapshotRecord>();
        void Reached(PageReference page)
        {
            if (_pages.Add(page)) Reach(volume, page.Segment, null).Reach(page.Index);
        }

        void Damaged(PageReference page, Exception cause) => damages.Add(
            StoreDamage.Of(DamageKind.CataloguePage, volume.Lineage, page.Segment.Identity.BlobKey, cause, page.Index));

        await foreach (var (key, value) in CatalogueWalk.RecordsAsync(volume.Segments, volume.Manifest.Head.Catalogue, Reached, Damaged, cancellationToken))
            if (key[0] == CatalogueKey.Snapshot) snapshots.Add(SnapshotRecord.Decode(CatalogueKey.TextOf(key), value));
        return snapshots;
    }

    private async Task WalkImageAsync(StoredVolume volume, string name, ImageDescriptor image, CancellationToken cancellationToken)
    {
        await WalkTailAsync(volume, name, image.Tail, cancellationToken);
        if (image.Root is null) return;
        var map = new MapReader(volume.Segments, 1);
        var path = new Stack<(PageReference Page, int Level, long Number)>();
        path.Push((image.Root.Page, image.Root.Level, 0));
        while (path.TryPop(out var top))
        {
            if (!_pages.Add(top.Page)) continue;
            MapPage page;
            try
            {
                page = await map.GetAsync(top.Page, top.Level, top.Number, cancellationToken);
            }
            catch (Exception damage) when (IsDamage(damage))
            {
                damages.Add(StoreDamage.Of(DamageKind.MapPage, volume.Lineage, top.Page.Segment.Identity.BlobKey, damage, top.Page.Index, image: name));
                continue;
            }
            var holder = Reach(volume, top.Page.Segment, name);
            holder.Reach(top.Page.Index);
            await OpenAsync(volume, holder, cancellationToken);
            foreach (var (slot, child) in page.Children.Reverse())
                path.Push((child, top.Level - 1, (top.Number * BlockGeometry.PageEntries) + slot));
            foreach (var (slot, fragments) in page.Blocks)
                foreach (var fragment in fragments)
                    await CheckFragmentAsync(volume, name, MapGeometry.FirstBlock(0, top.Number) + slot, fragment, cancellationToken);
        }
    }

    private async Task WalkTailAsync(StoredVolume volume, string name, Tail tail, CancellationToken cancellationToken)
    {
        foreach (var entry in tail.Inline) await CheckTailEntryAsync(volume, name, entry, cancellationToken);
        var (next, count) = (tail.Manifest, tail.ManifestCount);
        // A chain of manifests that was seen is walked already.
        while (next is { } manifest && _manifests.Add(manifest))
        {
            try
            {
                var what = $"Tail manifest {manifest.Identity.BlobKey}";
                var (previous, previousCount, entries) = TailManifest.Decode(
                    await volume.Segments.ReadPageAsync(manifest, 0, cancellationToken), what);
                if (entries.Length + previousCount != count)
                    throw new CorruptDataException(what, $"it and those before hold {entries.Length + previousCount} entries, not {count}");
                Reach(volume, manifest, name).Reach(0);
                foreach (var entry in entries) await CheckTailEntryAsync(volume, name, entry, cancellationToken);
                (next, count) = (previous, previousCount);
            }
            catch (Exception damage) when (IsDamage(damage))
            {
                damages.Add(StoreDamage.Of(DamageKind.TailManifest, volume.Lineage, manifest.Identity.BlobKey, damage, image: name));
                return;
            }
        }
    }

    private async Task CheckTailEntryAsync(StoredVolume volume, string name, TailEntry entry, CancellationToken cancellationToken)
    {
        var segment = Reach(volume, entry.Segment, name);
        if (await OpenAsync(volume, segment, cancellationToken) is not { } reader) return;
        if (reader.Index.Header.Digest != entry.Digest || reader.Index.Header.LogEnd != entry.LogEnd)
        {
            segment.IsBroken = true;
            damages.Add(new StoreDamage(
                DamageKind.Segment, volume.Lineage, entry.Segment.Identity.BlobKey, null, null, name, "its header has another digest or log end than was committed"));
            return;
        }
        for (var i = 0; i < reader.Index.Entries.Count; i++) segment.Reach(i);
    }

    private async Task CheckFragmentAsync(StoredVolume volume, string name, long block, MapFragment fragment, CancellationToken cancellationToken)
    {
        var segment = Reach(volume, fragment.Segment, name);
        if (await OpenAsync(volume, segment, cancellationToken) is not { } reader)
        {
            if (name == StoredVolume.HeadImage && segment.LostBlocks.Count < MaxLostBlocks) segment.LostBlocks.Add(block);
            return;
        }
        if (reader.FindFrame(fragment.Index) is { } entry
            && entry.Block == block
            && (fragment.Mask & ~entry.Mask) == 0
            && entry.Tag == fragment.Tag
            && entry.StoredBytes == fragment.StoredBytes)
        {
            segment.Reach(fragment.Index);
            return;
        }
        damages.Add(new StoreDamage(
            DamageKind.Frame, volume.Lineage, fragment.Segment.Identity.BlobKey, fragment.Index, block, name, "the segment's index has another frame there than the map names"));
    }

    private ReachedSegment Reach(StoredVolume volume, SegmentReference reference, string? image)
    {
        if (!_segments.TryGetValue(reference, out var segment))
            _segments[reference] = segment = new ReachedSegment(reference, volume.Lineage, image, volume.Ring);
        return segment;
    }

    private async Task<SegmentReader?> OpenAsync(StoredVolume volume, ReachedSegment segment, CancellationToken cancellationToken)
    {
        if (segment.IsBroken) return null;
        try
        {
            var reader = await volume.Segments.OpenAsync(segment.Reference, cancellationToken);
            segment.Blob = reader.Blob;
            return reader;
        }
        catch (Exception damage) when (IsDamage(damage))
        {
            segment.IsBroken = true;
            damages.Add(StoreDamage.Of(DamageKind.Segment, volume.Lineage, segment.Reference.Identity.BlobKey, damage, image: segment.Image));
            return null;
        }
    }

    private static bool IsDamage(Exception cause) => cause is CorruptDataException or BlobNotFoundException or MissingKeyException;
}
