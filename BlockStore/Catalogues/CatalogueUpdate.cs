using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>A changed catalogue, ready to enter a head: the root it was made from, the new root, and the blobs to store first.</summary>
public sealed record CatalogueUpdate(PageRoot? BasedOn, PageRoot? Root, IReadOnlyList<BlobEffect> Blobs)
{
    /// <summary>Service's clock when it was sealed, which is the time of its tombstones; null when it has none.</summary>
    public DateTimeOffset? SealedAt { get; init; }

    /// <summary>Head manifests that it condemns; one that was stored since it was begun is left to the next change.</summary>
    public IReadOnlyList<SegmentIdentity> CondemnedManifests { get; init; } = [];

    /// <summary>Nonce of the head manifest that is stored before the head which has the new catalogue; null when nothing changed.</summary>
    public BlobNonce? ManifestNonce { get; init; }
}
