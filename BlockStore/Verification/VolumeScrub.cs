using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Verification;

/// <summary>
/// Checks all that one volume's saved head reaches, slowly: pages and indexes on the way, then blob after blob in the order of their keys,
/// no faster than a rate. Goes on from where it stopped. What is damaged is looked for again from the head as it is afterwards:
/// a blob that compaction or reclaim deleted meanwhile is no damage.
/// </summary>
/// <param name="blobs">The bucket.</param>
/// <param name="ring">Keys of every lineage that the head reaches.</param>
/// <param name="bytesPerSecond">Most bytes of data read in a second, on average; at least 1.</param>
/// <param name="time">The clock that the rate is kept by.</param>
public sealed class VolumeScrub(IBlobStore blobs, Keyring ring, long bytesPerSecond, TimeProvider time)
{
    private const int MaxDamages = 256;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    // Clocks count in milliseconds: what is owed for small blobs is saved up.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Checks from the blob after <paramref name="position"/> on; <paramref name="checkpoint"/> is told after each. What it knows at the end.
    /// </summary>
    public async Task<ScrubProgress> RunAsync(
        VolumeHead head, IReadOnlyList<RelocationRoot> origins, string position, Func<ScrubProgress, Task> checkpoint, CancellationToken cancellationToken)
    {
        var damages = new DamageList(MaxDamages);
        var check = new SegmentCheck(blobs);
        long count = 0, bytes = 0;
        var owed = TimeSpan.Zero;
        foreach (var segment in await WalkAsync(head, origins, damages, cancellationToken))
        {
            if (string.CompareOrdinal(KeyOf(segment), position) <= 0) continue;
            var read = segment.IsBroken ? 0 : await check.RunAsync(segment, isQuick: false, damages, cancellationToken);
            (position, count, bytes) = (KeyOf(segment), count + 1, bytes + read);
            await checkpoint(Progress());
            owed += TimeSpan.FromSeconds((double)read / bytesPerSecond);
            while (owed >= ShortestPause)
            {
                var pause = owed < LongestPause ? TimeSpan.FromMilliseconds((long)owed.TotalMilliseconds) : LongestPause;
                await Task.Delay(pause, time, cancellationToken);
                owed -= pause;
            }
        }
        return Progress();

        ScrubProgress Progress() => new(position, count, bytes, damages.Blobs);
    }

    /// <summary>What of the suspects is damaged for a head saved later, at most 256 damages.</summary>
    public async Task<ScrubFindings> ConfirmAsync(
        VolumeHead head, IReadOnlyList<RelocationRoot> origins, IReadOnlyCollection<string> suspects, CancellationToken cancellationToken)
    {
        if (suspects.Count == 0) return new ScrubFindings([], []);
        var damages = new DamageList(MaxDamages);
        var check = new SegmentCheck(blobs);
        var lost = new SortedSet<long>();
        foreach (var segment in await WalkAsync(head, origins, damages, cancellationToken))
        {
            lost.UnionWith(segment.LostBlocks);
            if (!segment.IsBroken && (suspects.Contains(KeyOf(segment)) || suspects.Contains(segment.Blob.Identity.BlobKey)))
                await check.RunAsync(segment, isQuick: false, damages, cancellationToken);
        }
        var found = damages.ToSorted();
        lost.UnionWith(found.Where(damage => damage is { Kind: DamageKind.Frame, Image: StoredVolume.HeadImage, Block: not null }).Select(damage => damage.Block!.Value));
        return new ScrubFindings(found, [.. lost]);
    }

    private async Task<IEnumerable<ReachedSegment>> WalkAsync(
        VolumeHead head, IReadOnlyList<RelocationRoot> origins, DamageList damages, CancellationToken cancellationToken)
    {
        // A cache of its own each time: what was read before a repair must not be believed after it.
        var segments = new SegmentCache(new BlobStoreSource(blobs), ring).At([.. head.Relocations, .. origins]);
        var walk = new ReachWalk(damages);
        await walk.WalkAsync(new StoredVolume("", new HeadManifest(head, []), ring, segments), static _ => { }, cancellationToken);
        return walk.Segments.OrderBy(KeyOf, StringComparer.Ordinal);
    }

    private static string KeyOf(ReachedSegment segment) => segment.Reference.Identity.BlobKey;
}
