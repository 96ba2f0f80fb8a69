using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Deletes condemned blobs when their grace is over (<c>docs/formats/reclaim.md</c>, Condemnation), some at a time, and prepares the change
/// that forgets their tombstones. Whatever is in doubt stays.
/// </summary>
public static class TombstoneSweep
{
    /// <summary>Blobs that one unit deletes at most.</summary>
    public const int MaxBlobs = 512;

    // Every change condemns the pages and manifests that it replaces itself; these alone are not worth one.
    private const int Residue = 16;

    /// <summary>What a unit did.</summary>
    /// <param name="Change">Forgets what was deleted; null when there is nothing to save.</param>
    /// <param name="Deleted">Blobs that were deleted.</param>
    /// <param name="Kept">Condemned blobs that the last look found a reference to: they stay, and somebody must look.</param>
    public sealed record Outcome(PreparedChange? Change, int Deleted, IReadOnlyList<string> Kept);

    /// <summary>Runs one unit.</summary>
    /// <param name="head">The saved head.</param>
    /// <param name="grace">How long a tombstone stands before its blob goes.</param>
    /// <param name="now">Service's clock.</param>
    /// <param name="blobs">The bucket.</param>
    /// <param name="segments">Reads the catalogue and what it names.</param>
    /// <param name="sealer">Seals for the lineage.</param>
    /// <param name="cancellationToken">Ends the unit between blobs.</param>
    public static async Task<Outcome> RunAsync(
        VolumeHead head, TimeSpan grace, DateTimeOffset now, IBlobStore blobs, SegmentCache segments, LineageSealer sealer,
        CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var due = new List<Tombstone>();
        await foreach (var tombstone in catalogue.ListTombstonesAsync(cancellationToken))
        {
            if (tombstone.CondemnedAt > now - grace) continue;
            due.Add(tombstone);
            if (due.Count == MaxBlobs) break;
        }
        if (due.Count <= Residue && due.TrueForAll(tombstone => IsOwnPage(tombstone.BlobKey))) return new Outcome(null, 0, []);
        if (head.Manifest is null || await blobs.GetLengthAsync(head.Manifest.BlobKey, cancellationToken) is null) return new Outcome(null, 0, []);
        var version = head.Version + 1;
        var ready = due.Where(tombstone => tombstone.Version < head.Manifest.Sequence).ToArray();
        if (ready.Length == 0)
        {
            // Writing a record again brings a manifest that did without all of them.
            await catalogue.PutTombstoneAsync(due[0], cancellationToken);
            return new Outcome(new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)), 0, []);
        }
        var references = await ReferenceCheck.LoadAsync(head, catalogue, segments, cancellationToken);
        var kept = new List<string>();
        foreach (var tombstone in ready)
        {
            if (await references.IsReferredToAsync(tombstone.BlobKey, cancellationToken))
            {
                kept.Add(tombstone.BlobKey);
                continue;
            }
            await blobs.DeleteAsync(tombstone.BlobKey, cancellationToken);
            await catalogue.RemoveTombstoneAsync(tombstone.BlobKey, cancellationToken);
        }
        var deleted = ready.Length - kept.Count;
        return deleted == 0
            ? new Outcome(null, 0, kept)
            : new Outcome(new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)), deleted, kept);
    }

    private static bool IsOwnPage(string blobKey) =>
        SegmentIdentity.KindOf(blobKey) is SegmentKind.Catalogue or SegmentKind.Head;
}
