using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Verification;

namespace Tidegate.BlockStore.Rebuild;

/// <summary>A volume as the bucket alone tells it: its newest manifest and the chain of segments after it.</summary>
public sealed class StoredVolume
{
    /// <summary>Name of the newest point in <see cref="FindImageAsync"/>.</summary>
    public const string HeadImage = "head";

    /// <summary>Name that damage in a staging branch goes by: it is no image, and nothing is exported from it.</summary>
    public const string StagingImage = "staging";

    internal StoredVolume(string manifestKey, HeadManifest manifest, Keyring ring, SegmentCache segments) =>
        (ManifestKey, Manifest, Ring, Segments) = (manifestKey, manifest, ring, segments);

    /// <summary>The volume.</summary>
    public LineageId Lineage => Manifest.Head.Lineage;

    /// <summary>Blob of <see cref="Manifest"/>.</summary>
    public string ManifestKey { get; }

    /// <summary>The newest manifest that authenticates.</summary>
    public HeadManifest Manifest { get; }

    /// <summary>Segments stored after it, oldest first.</summary>
    public IReadOnlyList<FollowedSegment> Followed { get; internal init; } = [];

    /// <summary>Why the chain ends although more is stored; null when it ends with what is there.</summary>
    public string? ChainEndsBecause { get; internal init; }

    /// <summary>Damage met on the way here.</summary>
    public IReadOnlyList<StoreDamage> Damages { get; internal init; } = [];

    /// <summary>Keys of every lineage that the volume reaches.</summary>
    public Keyring Ring { get; }

    /// <summary>Its segments, opened as they are needed.</summary>
    public SegmentCache Segments { get; }

    /// <summary>The highest epoch that anything stored tells of.</summary>
    public long HighestEpoch => Followed.Aggregate(Manifest.Head.Epoch, (epoch, segment) => Math.Max(epoch, segment.Header.Identity.Epoch));

    /// <summary>The highest version that a manifest is stored of, whether it opens or not.</summary>
    public long HighestVersion { get; internal init; }

    /// <summary>Sequence of the newest point.</summary>
    public long Sequence => Manifest.Head.CommittedSequence + Followed.Count;

    /// <summary>
    /// The volume at its newest point. Its tail may be longer than a head can hold: the image is for reading, not for encoding.
    /// </summary>
    public ImageDescriptor NewestImage
    {
        get
        {
            var image = Manifest.Head.ToImage();
            return image with { Tail = image.Tail with { Inline = image.Tail.Inline.AddRange(Followed.Select(segment => segment.ToTailEntry())) } };
        }
    }

    /// <summary>The catalogue, for reading.</summary>
    public CatalogueEdit OpenCatalogue() => new(Lineage, Manifest.Head.Catalogue, Segments);

    /// <summary>A snapshot's image, the newest point's for <see cref="HeadImage"/>, or null.</summary>
    public async Task<ImageDescriptor?> FindImageAsync(string snapshotId, CancellationToken cancellationToken = default) =>
        snapshotId == HeadImage ? NewestImage : (await OpenCatalogue().FindSnapshotAsync(snapshotId, cancellationToken))?.Image;
}
