using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Marks all that a volume needs, from its head alone: the live image, every cut, pin, lease and recovery point, the catalogue's own
/// pages and the manifests (<c>docs/formats/reclaim.md</c>, Audit). Shares nothing with the accounting but the formats, and must agree with
/// it exactly. Heavy: reads every page of every root once. Use an instance for one walk.
/// </summary>
public sealed class Auditor
{
    private const long PageCacheBytes = 32L << 20;

    private readonly VolumeHead _head;
    private readonly SegmentCache _segments;
    private readonly CatalogueEdit _catalogue;
    private readonly MapReader _map;
    private readonly AuditMarks _marks = new();
    private readonly HashSet<PageReference> _walked = [];

    private readonly Dictionary<SegmentIdentity, SegmentIdentity> _moved = [];

    private Auditor(VolumeHead head, SegmentCache segments)
    {
        _head = head;
        _segments = segments.At(head.Relocations);
        _catalogue = new CatalogueEdit(head, _segments);
        _map = new MapReader(_segments, PageCacheBytes);
    }

    /// <summary>Walks from a head. Throws when anything that is needed cannot be read: fail closed.</summary>
    public static async Task<AuditMarks> MarkAsync(VolumeHead head, SegmentCache segments, CancellationToken cancellationToken = default)
    {
        var auditor = new Auditor(head, segments);
        await auditor.MarkRelocationAsync(cancellationToken);
        await auditor.MarkLiveAsync(cancellationToken);
        await auditor.MarkHeldAsync(cancellationToken);
        await auditor.MarkOwnAsync(cancellationToken);
        return auditor._marks;
    }

    // A container is needed while the table names it; so is a page of the table, and it alone.
    private async Task MarkRelocationAsync(CancellationToken cancellationToken)
    {
        await foreach (var moved in new RelocationTable(_head.Lineage, _head.Relocation, _segments).ListAsync(cancellationToken))
        {
            _moved[moved.Segment] = moved.Container.Identity;
            _marks.MarkBlob(moved.Container.Identity);
        }
        if (_head.Relocation is { } root) await WalkTableAsync(root.Page, root.Level, cancellationToken);
    }

    private async Task WalkTableAsync(PageReference page, int level, CancellationToken cancellationToken)
    {
        _marks.MarkBlob(page.Segment.Identity);
        _marks.Mark(page.Segment, page.Index, page.StoredBytes, isLive: true);
        if (level == 0) return;
        foreach (var child in (await CatalogueTree.LoadPageAsync(_segments, page, level, cancellationToken)).Children)
            await WalkTableAsync(child.Stored!, level - 1, cancellationToken);
    }

    private async Task MarkLiveAsync(CancellationToken cancellationToken)
    {
        await WalkAsync(_head.Root, isLive: true, cancellationToken);
        // What a discard dropped unread counts as living until it is looked into.
        await foreach (var subtree in _catalogue.ListSubtreesAsync(cancellationToken))
            await WalkAsync(subtree.Page, subtree.Level, subtree.Number, isLive: true, cancellationToken);
        await MarkTailAsync(_head.Tail, withFrames: false, cancellationToken);
        if (_head.Staging is { } staging)
        {
            await WalkAsync(staging.Root, isLive: true, cancellationToken);
            await MarkTailAsync(staging.Tail, withFrames: false, cancellationToken);
            foreach (var retired in await TailManifest.LoadChainAsync(_segments, staging.RetiredTail, cancellationToken))
                _marks.MarkBlob(retired.Identity);
        }
        foreach (var retired in await TailManifest.LoadChainAsync(_segments, _head.RetiredTail, cancellationToken))
            _marks.MarkBlob(retired.Identity);
    }

    private async Task MarkHeldAsync(CancellationToken cancellationToken)
    {
        // Pages that the head reaches were walked, with everything under them.
        await foreach (var snapshot in _catalogue.ListSnapshotsAsync(cancellationToken)) await MarkImageAsync(snapshot.Image, cancellationToken);
        await foreach (var pin in _catalogue.ListPinsAsync(cancellationToken)) await MarkImageAsync(pin.Image, cancellationToken);
        await foreach (var lease in _catalogue.ListLeasesAsync(cancellationToken)) await MarkImageAsync(lease.Image, cancellationToken);
        if (await _catalogue.GetWindowAsync(cancellationToken) is not { } window) return;
        await foreach (var known in _catalogue.ListBasesAsync(cancellationToken)) await WalkAsync(known.Root, isLive: false, cancellationToken);
        await foreach (var point in _catalogue.ListPointsAsync(window.FromSequence, cancellationToken)) await MarkFramesAsync(point, cancellationToken);
    }

    private async Task MarkOwnAsync(CancellationToken cancellationToken)
    {
        await foreach (var (segment, pages) in _catalogue.ListPageSegmentsAsync(cancellationToken))
            if (pages > 0) _marks.MarkBlob(segment);
        if (_head.Manifest is not null) _marks.MarkBlob(_head.Manifest);
    }

    private async Task MarkImageAsync(ImageDescriptor image, CancellationToken cancellationToken)
    {
        await WalkAsync(image.Root, isLive: false, cancellationToken);
        await MarkTailAsync(image.Tail, withFrames: true, cancellationToken);
    }

    private async Task MarkTailAsync(Tail tail, bool withFrames, CancellationToken cancellationToken)
    {
        foreach (var manifest in await TailManifest.LoadChainAsync(_segments, tail.Manifest, cancellationToken)) _marks.MarkBlob(manifest.Identity);
        foreach (var entry in await TailManifest.LoadAsync(_segments, tail, cancellationToken))
        {
            _marks.MarkBlob(entry.Segment.Identity);
            // A segment is counted from the fold that takes it into a root.
            if (withFrames && IsCounted(entry.Segment.Identity)) await MarkFramesAsync(entry, cancellationToken);
        }
    }

    private bool IsCounted(SegmentIdentity segment) => segment.Owner == _head.Lineage && segment.Sequence <= _head.BaseSequence;

    private async Task MarkFramesAsync(TailEntry entry, CancellationToken cancellationToken)
    {
        _marks.MarkBlob(entry.Segment.Identity);
        var reader = await _segments.OpenAsync(entry.Segment, cancellationToken);
        for (var i = 0; i < reader.Index.Entries.Count; i++) _marks.Mark(entry.Segment, i, reader.Index.Entries[i].StoredBytes, isLive: false);
    }

    private Task WalkAsync(PageRoot? root, bool isLive, CancellationToken cancellationToken) =>
        root is null ? Task.CompletedTask : WalkAsync(root.Page, root.Level, 0, isLive, cancellationToken);

    private async Task WalkAsync(PageReference page, int level, long number, bool isLive, CancellationToken cancellationToken)
    {
        if (!_walked.Add(page)) return;
        MarkFrame(page.Segment, page.Index, page.StoredBytes, isLive);
        var loaded = await _map.GetAsync(page, level, number, cancellationToken);
        foreach (var fragment in loaded.Blocks.Values.SelectMany(fragments => fragments))
            MarkFrame(fragment.Segment, fragment.Index, fragment.StoredBytes, isLive);
        foreach (var (slot, child) in loaded.Children)
            await WalkAsync(child, level - 1, (number * BlockGeometry.PageEntries) + slot, isLive, cancellationToken);
    }

    private void MarkFrame(SegmentReference segment, int index, int bytes, bool isLive)
    {
        _marks.MarkBlob(_moved.GetValueOrDefault(segment.Identity) ?? segment.Identity);
        // What an origin wrote is the origin's to count, and to find.
        if (segment.Identity.Owner == _head.Lineage) _marks.Mark(segment, index, bytes, isLive);
    }
}
