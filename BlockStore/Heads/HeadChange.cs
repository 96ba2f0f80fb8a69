using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Heads;

/// <summary>
/// The outcome of asking the machine for a change. When <see cref="Refusal"/> is null: store <see cref="Blobs"/>, record
/// <see cref="Cuts"/> in the catalogue (<see cref="WithCatalogue"/>), then save <see cref="Head"/>. Otherwise
/// <see cref="Head"/> is the head as it was.
/// </summary>
public sealed record HeadChange(VolumeHead Head, IReadOnlyList<BlobEffect> Blobs, IReadOnlyList<SnapshotRecord> Cuts, HeadRefusal? Refusal)
{
    /// <summary>True when the head is unchanged and need not be saved: a repeat of something done.</summary>
    public bool IsRepeat { get; init; }

    /// <summary>
    /// Adds a catalogue update to the same save, and names the manifest that goes with it. Throws <see cref="InvalidOperationException"/> when the update was made from
    /// another catalogue.
    /// </summary>
    public HeadChange WithCatalogue(CatalogueUpdate update)
    {
        if (Refusal is not null) throw new InvalidOperationException("A refused change takes no catalogue update.");
        if (update.BasedOn != Head.Catalogue)
            throw new InvalidOperationException("The catalogue changed since the update was made; make it again.");
        var head = Head with { Catalogue = update.Root };
        // An attach between preparation and publication left a manifest that the update does not know of.
        if (update.ManifestNonce is { } nonce)
            head = head.WithManifest(
                new SegmentIdentity(SegmentKind.Head, head.Lineage, head.KeyGeneration, 0, head.Version, nonce), update.CondemnedManifests);
        return this with { Head = head, Blobs = [.. Blobs, .. update.Blobs], Cuts = [] };
    }

    internal static HeadChange Refused(VolumeHead head, HeadRefusalReason reason, string message) =>
        new(head, [], [], new HeadRefusal(reason, message));

    internal static HeadChange Repeat(VolumeHead head) => new(head, [], [], null) { IsRepeat = true };

    internal static HeadChange To(VolumeHead head, IReadOnlyList<BlobEffect>? blobs = null, IReadOnlyList<SnapshotRecord>? cuts = null) =>
        new(head with { Version = head.Version + 1 }, blobs ?? [], cuts ?? [], null);
}
