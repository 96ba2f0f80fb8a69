using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>What an item of work works with: the volume's head and keys, and the bucket.</summary>
internal sealed class WorkContext(
    string volumeId, WorkBase known, VolumeKeys keys, SegmentCache segments, IBlobStore blobs, MergeOptions merging, DateTimeOffset now)
{
    private readonly VolumeHead _head = VolumeHead.Decode(known.Head);

    /// <summary>The volume.</summary>
    public string VolumeId => volumeId;

    /// <summary>Its head as it was last saved.</summary>
    public VolumeHead Head => _head;

    /// <summary>The service's time, and what of the volume's past is kept.</summary>
    public ReclaimTerms Terms => new(now, new Retention(known.Retention.Window, known.Retention.ThinEvery, known.Retention.ThinFor));

    /// <summary>True when the volume was deleted.</summary>
    public bool IsDeleted => known.IsDeleted;

    /// <summary>When the head was last rebuilt; null when never.</summary>
    public DateTimeOffset? RebuiltAt => known.RebuiltAt;

    /// <summary>Seals for the volume's lineage.</summary>
    public LineageSealer Sealer => keys.Sealer;

    /// <summary>Reads segments; bounded, and kept over all of an item.</summary>
    public SegmentCache Segments => segments;

    /// <summary>The bucket.</summary>
    public IBlobStore Blobs => blobs;

    /// <summary>How few frames a block is kept at.</summary>
    public MergeOptions Merging => merging;

    /// <summary>Stores a blob that nothing refers to yet.</summary>
    public async ValueTask PutAsync(BlobEffect blob, CancellationToken cancellationToken) =>
        await blobs.PutIfAbsentAsync(blob.Key, blob.Content, cancellationToken);

    /// <summary>Stores what a prepared change names, so that the grain need not.</summary>
    public async Task<PreparedChange> StoreAsync(PreparedChange change, CancellationToken cancellationToken)
    {
        foreach (var blob in change.Catalogue.Blobs) await PutAsync(blob, cancellationToken);
        return change with { Catalogue = change.Catalogue with { Blobs = [] } };
    }
}
