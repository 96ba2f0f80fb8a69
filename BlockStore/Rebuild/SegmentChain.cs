using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Verification;

namespace Tidegate.BlockStore.Rebuild;

/// <summary>
/// Finds the segments that were stored after a head (<c>docs/formats/manifest.md</c>, Which one counts). Reads the list of a volume's
/// blobs and the indexes of those that follow, and nothing else.
/// </summary>
internal sealed class SegmentChain(IBlobStore blobs, IKeyring keyring)
{
    private const int HeaderBytes = SegmentFormat.HeaderBytes;

    private readonly IBlobSource _source = new BlobStoreSource(blobs);

    /// <summary>The chain from a head on, what is damaged in it, and why it ends when something stored would go on.</summary>
    public async Task<(IReadOnlyList<FollowedSegment> Segments, IReadOnlyList<StoreDamage> Damages, string? EndsBecause)> FollowAsync(
        VolumeHead head, CancellationToken cancellationToken)
    {
        var candidates = await ListAsync(head, cancellationToken);
        var found = new List<FollowedSegment>();
        var damages = new List<StoreDamage>();
        var (sequence, digest, logEnd) = (head.CommittedSequence, head.TipDigest, head.CommittedLogEnd);
        while (candidates.TryGetValue(sequence + 1, out var stored))
        {
            var opened = new List<FollowedSegment>();
            foreach (var (entry, epoch) in stored.OrderByDescending(candidate => candidate.Epoch))
            {
                if (opened.Count > 0 && opened[0].Header.Identity.Epoch > epoch) break;
                if (await TryOpenAsync(head.Lineage, entry, damages, cancellationToken) is not { } segment) continue;
                var follows = segment.Header.PreviousDigest == digest && (sequence == 0 || segment.Header.LogStart == logEnd);
                if (follows) opened.Add(segment);
            }
            if (opened.Count == 0) return (found, damages, $"of {stored.Count} blobs stored for sequence {sequence + 1} none continues the volume's history");
            if (opened.Any(other => other.Header.Digest != opened[0].Header.Digest))
                return (found, damages, $"epoch {opened[0].Header.Identity.Epoch} stored different segments under sequence {sequence + 1}");
            var next = opened[0];
            found.Add(next);
            (sequence, digest, logEnd) = (sequence + 1, next.Header.Digest, next.Header.LogEnd);
        }
        return (found, damages, null);
    }

    private async Task<Dictionary<long, List<(BlobEntry Entry, long Epoch)>>> ListAsync(VolumeHead head, CancellationToken cancellationToken)
    {
        var candidates = new Dictionary<long, List<(BlobEntry, long)>>();
        await foreach (var entry in blobs.ListAsync($"{head.Lineage}/0", cancellationToken))
        {
            // The generation is not part of the key and decides nothing here.
            if (!SegmentIdentity.TryParseDataKey(entry.Key, 1, out var identity)
                || identity!.Sequence <= head.CommittedSequence
                || identity.Epoch < head.Epoch)
                continue;
            if (!candidates.TryGetValue(identity.Sequence, out var same)) candidates[identity.Sequence] = same = [];
            same.Add((entry, identity.Epoch));
        }
        return candidates;
    }

    private async Task<FollowedSegment?> TryOpenAsync(
        LineageId lineage, BlobEntry entry, List<StoreDamage> damages, CancellationToken cancellationToken)
    {
        try
        {
            var what = $"Segment {entry.Key}";
            var clear = await _source.ReadAsync(entry.Key, 0, HeaderBytes, cancellationToken);
            if (clear.Length < HeaderBytes || entry.LengthBytes is < SegmentFormat.MinSegmentBytes or > SegmentFormat.MaxSegmentBytes)
                throw new CorruptDataException(what, $"the blob has {entry.LengthBytes} bytes");
            var identity = SegmentFormat.ReadHeader(clear.Span, what).Identity;
            if (identity.BlobKey != entry.Key) throw new CorruptDataException(what, $"its header says that it is {identity.BlobKey}");
            var reader = await SegmentReader.OpenAsync(
                _source, new SegmentReference(identity, (int)entry.LengthBytes), keyring, cancellationToken);
            return new FollowedSegment(reader.Reference, reader.Index.Header, reader.Index.FrameBytes, entry.CreatedAt);
        }
        catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException or MissingKeyException)
        {
            damages.Add(StoreDamage.Of(DamageKind.Segment, lineage, entry.Key, damage));
            return null;
        }
    }
}
