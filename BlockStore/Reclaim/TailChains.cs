using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Tail manifests are few and small, and images share them: one is condemned when the last image that reaches it goes, told by looking at
/// the others (<c>docs/formats/reclaim.md</c>, Tail manifests).
/// </summary>
internal static class TailChains
{
    /// <summary>
    /// Condemns the manifests behind <paramref name="dropped"/> that neither the head's tail nor anything retained in the changed
    /// catalogue reaches. <paramref name="retired"/> is what the head still has of the tail before its own, null when the change lets that go.
    /// <paramref name="unstored"/> are manifests that the change itself makes, each a chain of its own.
    /// </summary>
    public static async Task ReleaseAsync(
        VolumeHead head, SegmentReference? retired, CatalogueEdit catalogue, SpaceLedger ledger, IEnumerable<SegmentReference?> dropped,
        IReadOnlyCollection<BlobEffect> unstored, SegmentCache segments, CancellationToken cancellationToken)
    {
        var candidates = new HashSet<SegmentReference>();
        foreach (var newest in dropped) await WalkAsync(newest, candidates, segments, cancellationToken);
        candidates.RemoveWhere(manifest => manifest.Identity.Owner != head.Lineage);
        if (candidates.Count == 0) return;
        var kept = new HashSet<SegmentReference>();
        await WalkAsync(head.Tail.Manifest, kept, segments, cancellationToken);
        await WalkAsync(retired, kept, segments, cancellationToken);
        var made = unstored.Select(blob => blob.Key).ToHashSet(StringComparer.Ordinal);
        await foreach (var snapshot in catalogue.ListSnapshotsAsync(cancellationToken))
            if (snapshot.Image.Tail.Manifest is { } manifest && !made.Contains(manifest.Identity.BlobKey))
                await WalkAsync(manifest, kept, segments, cancellationToken);
        await foreach (var pin in catalogue.ListPinsAsync(cancellationToken)) await WalkAsync(pin.Image.Tail.Manifest, kept, segments, cancellationToken);
        await foreach (var lease in catalogue.ListLeasesAsync(cancellationToken))
            await WalkAsync(lease.Image.Tail.Manifest, kept, segments, cancellationToken);
        foreach (var manifest in candidates.Except(kept)) await ledger.CondemnAsync(manifest.Identity.BlobKey, cancellationToken);
    }

    private static async Task WalkAsync(
        SegmentReference? newest, HashSet<SegmentReference> met, SegmentCache segments, CancellationToken cancellationToken)
    {
        if (newest is null || met.Contains(newest)) return;
        met.UnionWith(await TailManifest.LoadChainAsync(segments, newest, cancellationToken));
    }
}
