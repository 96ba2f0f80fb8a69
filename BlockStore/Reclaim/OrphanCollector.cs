using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Finds blobs of a lineage that no save ever referred to, or that a crash kept from being deleted (<c>docs/formats/reclaim.md</c>, Audit).
/// Call <see cref="ListAsync"/> first, read the head after it, then <see cref="FindAsync"/>: a blob that was referred to meanwhile is
/// not among the unreferenced ones.
/// </summary>
public static class OrphanCollector
{
    /// <summary>Younger blobs are left alone: they may belong to a save that is under way.</summary>
    public static readonly TimeSpan MinAge = TimeSpan.FromHours(24);

    /// <summary>Every blob of a lineage. The only listing of a bucket.</summary>
    public static async Task<IReadOnlyList<BlobEntry>> ListAsync(IBlobStore blobs, LineageId lineage, CancellationToken cancellationToken = default) =>
        await blobs.ListAsync($"{lineage}/", cancellationToken).ToListAsync(cancellationToken);

    /// <summary>
    /// Keys among <paramref name="listed"/> that may be deleted. <paramref name="head"/> was read, and <paramref name="marks"/> made from it,
    /// after the listing. Nothing when the bucket holds a manifest of a later version than the head: the head has gone back (I5).
    /// <paramref name="isClosed"/> is true when the volume was deleted: nothing is committed to it any more.
    /// </summary>
    public static async Task<IReadOnlyList<string>> FindAsync(
        IReadOnlyList<BlobEntry> listed, VolumeHead head, long claimed, AuditMarks marks, DateTimeOffset now, SegmentCache segments,
        bool isClosed = false, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var condemned = await catalogue.ListTombstonesAsync(cancellationToken: cancellationToken).Select(tombstone => tombstone.BlobKey).ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
        foreach (var manifest in head.OldManifests) condemned.Add(manifest.BlobKey);
        // What is still being released is counted, and nothing marks it.
        var isReleasing = await catalogue.ListReleasesAsync(cancellationToken).AnyAsync(cancellationToken);
        var orphans = new List<string>();
        foreach (var entry in listed)
        {
            if (!SegmentIdentity.TryParse(entry.Key, head.KeyGeneration, out var segment)) continue;
            if (segment!.Kind == SegmentKind.Head && segment.Sequence > Math.Max(head.Version, claimed)) return [];
            if (entry.CreatedAt > now - MinAge || marks.Blobs.Contains(entry.Key) || condemned.Contains(entry.Key)) continue;
            if (!isClosed && segment.IsSealedByAgents && MayBeCommitted(segment, head)) continue;
            if (isReleasing && await catalogue.FindLifeAsync(segment, cancellationToken) is not null) continue;
            orphans.Add(entry.Key);
        }
        // A manifest goes before what it names: it may be the newest, of a head that was never saved.
        return [.. orphans.OrderByDescending(key => SegmentIdentity.KindOf(key) == SegmentKind.Head)];
    }

    // An agent that comes back after days still finds its upload, and commits it: the key is the same, and so is the ticket's right to it.
    private static bool MayBeCommitted(SegmentIdentity segment, VolumeHead head) =>
        segment.Epoch >= head.Epoch && segment.Sequence > (segment.Kind == SegmentKind.Fill
            ? head.Staging?.Fills ?? head.FillsEver
            : head.Staging?.Sequence ?? head.CommittedSequence);
}
