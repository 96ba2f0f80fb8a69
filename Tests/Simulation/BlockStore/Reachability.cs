using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>Walks everything that a saved volume reaches, page by page: the model's own mark phase.</summary>
internal sealed class Reachability
{
    private readonly SegmentCache _segments;
    private readonly SortedSet<string> _blobs = new(StringComparer.Ordinal);
    private readonly HashSet<PageReference> _seen = [];

    private Reachability(SimulatedVolume volume, VolumeRow row)
    {
        IReadOnlyList<RelocationRoot> tables = [.. row.Head.Relocations, .. volume.OriginTables];
        _segments = volume.Segments.At(tables);
        foreach (var table in tables) WalkTable(table.Root.Page, table.Root.Level);
    }

    /// <summary>Stored bytes of the frames met, by the segment that holds them; a frame counts once.</summary>
    internal Dictionary<SegmentIdentity, long> Bytes { get; } = [];

    /// <summary>Frames met: segment and index.</summary>
    internal HashSet<(SegmentIdentity Segment, int Index)> Frames { get; } = [];

    /// <summary>Keys of all blobs that the head, the catalogue, and every snapshot in it need.</summary>
    internal static SortedSet<string> Of(SimulatedVolume volume, VolumeRow row)
    {
        var walk = new Reachability(volume, row);
        walk.WalkImage(row.Head.ToImage());
        if (row.Head.Catalogue is { } root) walk.WalkTable(root.Page, root.Level);
        // An attach names its manifest before it stores it, and may never come to that.
        if (row.Head.Manifest is { } manifest && volume.World.Bucket.Held(manifest.BlobKey)) walk._blobs.Add(manifest.BlobKey);
        walk.WalkTail(new Tail(row.Head.RetiredTail, 0, []), withEntries: false);
        if (row.Head.Staging is { } staging)
        {
            if (staging.Root is { } staged) walk.WalkMap(staged.Page);
            walk.WalkTail(staging.Tail, withEntries: true);
            walk.WalkTail(new Tail(staging.RetiredTail, 0, []), withEntries: false);
        }
        var catalogue = volume.OpenCatalogue(row.Head);
        foreach (var snapshot in Sync.ToList(catalogue.ListSnapshotsAsync())) walk.WalkImage(snapshot.Image);
        foreach (var pin in Sync.ToList(catalogue.ListPinsAsync())) walk.WalkImage(pin.Image);
        foreach (var lease in Sync.ToList(catalogue.ListLeasesAsync())) walk.WalkImage(lease.Image);
        foreach (var known in Sync.ToList(catalogue.ListBasesAsync()))
            if (known.Root is not null) walk.WalkMap(known.Root.Page);
        // The first point of the window is its base; those after it are replayed.
        var window = Sync.Result(catalogue.GetWindowAsync());
        foreach (var point in Sync.ToList(catalogue.ListPointsAsync(window?.FromSequence ?? 0))) walk._blobs.Add(point.Segment.Identity.BlobKey);
        foreach (var subtree in Sync.ToList(catalogue.ListSubtreesAsync())) walk.WalkMap(subtree.Page);
        return walk._blobs;
    }

    /// <summary>Keys of all blobs that an image needs.</summary>
    internal static SortedSet<string> OfImage(SimulatedVolume volume, VolumeRow row, ImageDescriptor image)
    {
        var walk = new Reachability(volume, row);
        walk.WalkImage(image);
        return walk._blobs;
    }

    /// <summary>Frames under one page of the map.</summary>
    internal static IReadOnlyCollection<(SegmentIdentity Segment, int Index)> Under(SimulatedVolume volume, VolumeRow row, PageReference page)
    {
        var walk = new Reachability(volume, row);
        walk.WalkMap(page);
        return walk.Frames;
    }

    /// <summary>What the map roots reach, the head's and its branch's.</summary>
    internal static Reachability OfRoots(SimulatedVolume volume, VolumeRow row)
    {
        var walk = new Reachability(volume, row);
        if (row.Head.Root is { } root) walk.WalkMap(root.Page);
        if (row.Head.Staging?.Root is { } staged) walk.WalkMap(staged.Page);
        return walk;
    }

    private void WalkImage(ImageDescriptor image)
    {
        if (image.Root is not null) WalkMap(image.Root.Page);
        WalkTail(image.Tail, withEntries: true);
    }

    private void WalkTail(Tail tail, bool withEntries)
    {
        var all = tail.Inline.ToList();
        for (var manifest = tail.Manifest; manifest is not null;)
        {
            _blobs.Add(manifest.Identity.BlobKey);
            var bytes = Sync.Result(_segments.ReadPageAsync(manifest, 0, CancellationToken.None));
            (manifest, _, var entries) = TailManifest.Decode(bytes, "tail manifest");
            all.AddRange(entries);
        }
        if (!withEntries) return;
        foreach (var entry in all) _blobs.Add(entry.Segment.Identity.BlobKey);
    }

    internal void WalkMap(PageReference reference)
    {
        if (!_seen.Add(reference)) return;
        Meet(reference.Segment, reference.Index, reference.StoredBytes);
        var page = MapPage.Decode(
            Sync.Result(_segments.ReadPageAsync(reference.Segment, reference.Index, CancellationToken.None)), reference.Segment, "page");
        foreach (var child in page.Children.Values) WalkMap(child);
        foreach (var fragment in page.Blocks.Values.SelectMany(fragments => fragments)) Meet(fragment.Segment, fragment.Index, fragment.StoredBytes);
    }

    /// <summary>Pages of an ordered table: the catalogue, or where frames were moved.</summary>
    private void WalkTable(PageReference reference, int level)
    {
        Meet(reference.Segment, reference.Index, reference.StoredBytes);
        if (level == 0) return;
        var bytes = Sync.Result(_segments.ReadPageAsync(reference.Segment, reference.Index, CancellationToken.None));
        foreach (var child in CataloguePage.Decode(bytes, reference.Segment, level, "catalogue page").Children) WalkTable(child.Stored!, level - 1);
    }

    private void Meet(SegmentReference segment, int index, int bytes)
    {
        var container = Sync.Result(_segments.LocateAsync(segment.Identity, CancellationToken.None));
        _blobs.Add((container ?? segment).Identity.BlobKey);
        if (Frames.Add((segment.Identity, index))) Bytes[segment.Identity] = Bytes.GetValueOrDefault(segment.Identity) + bytes;
    }
}
