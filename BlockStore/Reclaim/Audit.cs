using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Holds the accounting against a walk (<c>docs/formats/reclaim.md</c>, Audit): live and held bytes of every segment, dead lists, and that
/// nothing which is needed is condemned. They must agree exactly.
/// </summary>
public static class Audit
{
    /// <summary>Compares; every disagreement as a sentence that names the segment. Empty when all agree.</summary>
    public static async Task<IReadOnlyList<string>> CompareAsync(
        VolumeHead head, AuditMarks marks, SegmentCache segments, CancellationToken cancellationToken = default)
    {
        var problems = new List<string>();
        var catalogue = new CatalogueEdit(head, segments);
        // What a release that is under way has not come to is counted, and reached by nothing.
        var releases = await catalogue.ListReleasesAsync(cancellationToken).ToListAsync(cancellationToken);
        var holds = await Holds.LoadAsync(catalogue, cancellationToken);
        var listed = new Dictionary<(SegmentKind, long, BlobNonce), (long Bytes, long Lists)>();
        var going = new Dictionary<(SegmentKind, long, BlobNonce), (long Bytes, long Lists)>();
        await foreach (var death in catalogue.ListDeathsAsync(cancellationToken))
        {
            var key = (death.Kind, death.SegmentSequence, death.SegmentNonce);
            var (bytes, lists) = listed.GetValueOrDefault(key);
            listed[key] = (bytes + death.Bytes, lists + 1);
            if (!releases.Exists(release => release.Meets(death)) || holds.Need(death)) continue;
            (bytes, lists) = going.GetValueOrDefault(key);
            going[key] = (bytes + death.Bytes, lists + 1);
        }
        var counted = new HashSet<SegmentIdentity>();
        await foreach (var life in catalogue.ListLivesAsync(cancellationToken))
        {
            var segment = life.Segment.Identity;
            counted.Add(segment);
            listed.Remove((segment.Kind, segment.Sequence, segment.Nonce), out var lists);
            var left = going.GetValueOrDefault((segment.Kind, segment.Sequence, segment.Nonce));
            var (live, held) = marks.BytesOf(segment);
            if ((live, held) != (life.LiveBytes, life.HeldBytes - left.Bytes))
                problems.Add($"{segment.BlobKey}: {life.LiveBytes} live and {life.HeldBytes - left.Bytes} held bytes are counted, {live} and {held} are reached");
            if (lists != (life.HeldBytes, life.DeadLists))
                problems.Add($"{segment.BlobKey}: {life.HeldBytes} held bytes in {life.DeadLists} lists are counted, {lists.Bytes} in {lists.Lists} are listed");
            var isGoing = left.Lists > 0 && (life.LiveBytes, life.DeadLists) == (0, left.Lists);
            if (!isGoing && !marks.Needs(segment)) problems.Add($"{segment.BlobKey}: it is counted as needed, and nothing reaches it");
        }
        problems.AddRange(listed.Keys.Select(key => $"{key.Item1} segment {key.Item2:x16}-{key.Item3}: a dead list names it, and it is not counted"));
        problems.AddRange(marks.Segments.Where(segment => !counted.Contains(segment)).Select(segment => $"{segment.BlobKey}: it is reached and not counted"));
        await foreach (var tombstone in catalogue.ListTombstonesAsync(cancellationToken: cancellationToken))
            if (marks.Blobs.Contains(tombstone.BlobKey)) problems.Add($"{tombstone.BlobKey}: it is condemned, and something reaches it");
        return problems;
    }
}
