using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>Walks everything that a saved volume reaches, page by page: the model's own mark phase.</summary>
internal sealed class Reachability
{
    private readonly SimulatedVolume _volume;
    private readonly SortedSet<string> _blobs = new(StringComparer.Ordinal);
    private readonly HashSet<PageReference> _seen = [];

    private Reachability(SimulatedVolume volume) => _volume = volume;

    /// <summary>Stored bytes of the frames met, by the segment that holds them; a frame counts once.</summary>
    internal Dictionary<SegmentIdentity, long> Bytes { get; } = [];

    /// <summary>Frames met: segment and index.</summary>
    internal HashSet<(SegmentIdentity Segment, int Index)> Frames { get; } = [];

    /// <summary>Keys of all blobs that the head, the catalogue, and every snapshot in it need.</summary>
    internal static SortedSet<string> Of(SimulatedVolume volume, VolumeRow row)
    {
        var walk = new Reachability(volume);
        walk.WalkImage(row.Head.ToImage());
        if (row.Head.Catalogue is { } root) walk.WalkCatalogue(root.Page, root.Level);
        foreach (var snapshot in Sync.ToList(volume.OpenCatalogue(row.Head).ListSnapshotsAsync())) walk.WalkImage(snapshot.Image);
        return walk._blobs;
    }

    /// <summary>Keys of all blobs that an image needs.</summary>
    internal static SortedSet<string> OfImage(SimulatedVolume volume, ImageDescriptor image)
    {
        var walk = new Reachability(volume);
        walk.WalkImage(image);
        return walk._blobs;
    }

    /// <summary>What one map root reaches.</summary>
    internal static Reachability OfRoot(SimulatedVolume volume, PageRoot? root, IEnumerable<DeadSubtree> also)
    {
        var walk = new Reachability(volume);
        if (root is not null) walk.WalkMap(root.Page);
        foreach (var subtree in also) walk.WalkMap(subtree.Page);
        return walk;
    }

    private void WalkImage(ImageDescriptor image)
    {
        if (image.Root is not null) WalkMap(image.Root.Page);
        for (var manifest = image.Tail.Manifest; manifest is not null;)
        {
            _blobs.Add(manifest.Identity.BlobKey);
            var bytes = Sync.Result(_volume.Segments.ReadPageAsync(manifest, 0, CancellationToken.None));
            (manifest, _, var entries) = TailManifest.Decode(bytes, "tail manifest");
            foreach (var entry in entries) _blobs.Add(entry.Segment.Identity.BlobKey);
        }
        foreach (var entry in image.Tail.Inline) _blobs.Add(entry.Segment.Identity.BlobKey);
    }

    private void WalkMap(PageReference reference)
    {
        if (!_seen.Add(reference)) return;
        Meet(reference.Segment, reference.Index, reference.StoredBytes);
        var page = MapPage.Decode(
            Sync.Result(_volume.Segments.ReadPageAsync(reference.Segment, reference.Index, CancellationToken.None)), reference.Segment, "page");
        foreach (var child in page.Children.Values) WalkMap(child);
        foreach (var fragment in page.Blocks.Values.SelectMany(fragments => fragments)) Meet(fragment.Segment, fragment.Index, fragment.StoredBytes);
    }

    private void WalkCatalogue(PageReference reference, int level)
    {
        _blobs.Add(reference.Segment.Identity.BlobKey);
        if (level == 0) return;
        var bytes = Sync.Result(_volume.Catalogues.ReadPageAsync(reference.Segment, reference.Index, CancellationToken.None));
        foreach (var child in CataloguePage.Decode(bytes, reference.Segment, level, "catalogue page").Children) WalkCatalogue(child.Stored!, level - 1);
    }

    private void Meet(SegmentReference segment, int index, int bytes)
    {
        _blobs.Add(segment.Identity.BlobKey);
        if (Frames.Add((segment.Identity, index))) Bytes[segment.Identity] = Bytes.GetValueOrDefault(segment.Identity) + bytes;
    }
}
