using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// The last look before a blob is deleted: does a saved head or its catalogue still refer to it? Asks the records that name segments one by
/// one, and keeps every reference that stands outside them in memory (tails of what is retained, and what compaction has moved); what it cannot read or does not understand counts as a reference.
/// </summary>
internal sealed class ReferenceCheck
{
    private readonly LineageId _lineage;
    private readonly CatalogueEdit _catalogue;
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private readonly HashSet<(SegmentKind, long, BlobNonce)> _moved = [];
    private long _window;

    private ReferenceCheck(LineageId lineage, CatalogueEdit catalogue) => (_lineage, _catalogue) = (lineage, catalogue);

    public static async Task<ReferenceCheck> LoadAsync(
        VolumeHead head, CatalogueEdit catalogue, SegmentCache segments, CancellationToken cancellationToken)
    {
        var check = new ReferenceCheck(head.Lineage, catalogue);
        check.Name(head.Manifest);
        if (head.Staging is { } staging)
        {
            await check.NameTailAsync(staging.Tail, segments, cancellationToken);
            foreach (var retired in await TailManifest.LoadChainAsync(segments, staging.RetiredTail, cancellationToken)) check.Name(retired.Identity);
        }
        await check.NameTailAsync(head.Tail, segments, cancellationToken);
        foreach (var retired in await TailManifest.LoadChainAsync(segments, head.RetiredTail, cancellationToken)) check.Name(retired.Identity);
        await foreach (var snapshot in catalogue.ListSnapshotsAsync(cancellationToken)) await check.NameTailAsync(snapshot.Image.Tail, segments, cancellationToken);
        await foreach (var pin in catalogue.ListPinsAsync(cancellationToken)) await check.NameTailAsync(pin.Image.Tail, segments, cancellationToken);
        await foreach (var lease in catalogue.ListLeasesAsync(cancellationToken)) await check.NameTailAsync(lease.Image.Tail, segments, cancellationToken);
        check._window = (await catalogue.GetWindowAsync(cancellationToken))?.FromSequence ?? long.MaxValue;
        await foreach (var moved in new RelocationTable(head.Lineage, head.Relocation, segments).ListAsync(cancellationToken))
        {
            check.Name(moved.Container.Identity);
            check._moved.Add((moved.Segment.Kind, moved.Segment.Sequence, moved.Segment.Nonce));
        }
        // A root that was moved is in the container, which is named already.
        if (head.Root?.Page.Segment.Identity is { } root && !check._moved.Contains((root.Kind, root.Sequence, root.Nonce))) check.Name(root);
        return check;
    }

    public async ValueTask<bool> IsReferredToAsync(string blobKey, CancellationToken cancellationToken)
    {
        if (_named.Contains(blobKey)) return true;
        if (!SegmentIdentity.TryParse(blobKey, 1, out var segment) || segment!.Owner != _lineage) return true;
        if (segment.Kind == SegmentKind.Catalogue) return await _catalogue.HasPagesInAsync(segment, cancellationToken);
        var point = segment.Kind == SegmentKind.Data && segment.Sequence > _window ? await _catalogue.FindPointAsync(segment.Sequence, cancellationToken) : null;
        if (point?.Segment.Identity.BlobKey == blobKey) return true;
        // A segment that is counted is needed where it is, unless its frames were moved.
        return !_moved.Contains((segment.Kind, segment.Sequence, segment.Nonce))
            && await _catalogue.FindLifeAsync(segment, cancellationToken) is not null;
    }

    private async Task NameTailAsync(Tail tail, SegmentCache segments, CancellationToken cancellationToken)
    {
        if (tail.Count == 0) return;
        foreach (var manifest in await TailManifest.LoadChainAsync(segments, tail.Manifest, cancellationToken)) Name(manifest.Identity);
        foreach (var entry in await TailManifest.LoadAsync(segments, tail, cancellationToken)) Name(entry.Segment.Identity);
    }

    private void Name(SegmentIdentity? segment)
    {
        if (segment is not null) _named.Add(segment.BlobKey);
    }
}
