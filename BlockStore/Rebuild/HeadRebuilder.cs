using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Rebuild;

/// <summary>
/// Makes a head again from what is stored (<c>docs/formats/manifest.md</c>): the newest manifest's, with the segments after it committed. It
/// has another incarnation and a new epoch, so that whoever attached before must attach again and be checked against it (I7).
/// </summary>
public static class HeadRebuilder
{
    /// <summary>
    /// The head and what must be stored before it is saved. <paramref name="atLeast"/> is what is known of the head that was lost, if
    /// anything: version, incarnation and epoch never go back.
    /// </summary>
    public static (VolumeHead Head, IReadOnlyList<BlobEffect> Blobs) Rebuild(StoredVolume stored, INonceSource nonces, VolumeHead? atLeast = null)
    {
        var head = stored.Manifest.Head;
        var key = stored.Ring.Find(head.Lineage, head.KeyGeneration) ?? throw new MissingKeyException(head.Lineage, head.KeyGeneration);
        var sealer = new LineageSealer(head.Lineage, head.KeyGeneration, key, nonces);
        var blobs = new List<BlobEffect>();
        foreach (var segment in stored.Followed)
        {
            var identity = segment.Header.Identity;
            var change = HeadMachine.Commit(
                head with { Epoch = identity.Epoch, KeyGeneration = identity.Generation }, identity.Epoch, [ClaimOf(segment)], segment.StoredAt, sealer);
            // More than a tail holds was never committed: the agent has it still.
            if (change.Refusal is not null) break;
            head = change.Head;
            blobs.AddRange(change.Blobs);
        }
        // Fills that came after the manifest are not known, and the chain was not followed: what was staged is no better than nothing.
        var staging = head.Staging is null ? null : head.Staging with { IsAbandoned = true };
        var epoch = Math.Max(Math.Max(head.Epoch, stored.HighestEpoch), atLeast?.Epoch ?? 0);
        return (head with
        {
            Incarnation = Math.Max(head.Incarnation, atLeast?.Incarnation ?? 0) + 1,
            Version = Math.Max(Math.Max(head.Version, stored.HighestVersion), atLeast?.Version ?? 0) + 1,
            Epoch = epoch + 1,
            Staging = staging,
        }, blobs);
    }

    private static SegmentClaim ClaimOf(FollowedSegment segment) => new(
        segment.Reference.Identity.BlobKey,
        segment.Header.Identity.Sequence,
        segment.Header.LogStart,
        segment.Header.LogEnd,
        segment.Header.PreviousDigest,
        segment.Header.Digest,
        segment.Reference.LengthBytes,
        segment.FrameBytes,
        segment.Header.HostTimeEnd,
        []);
}
