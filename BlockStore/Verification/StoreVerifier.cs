using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Verification;

/// <summary>
/// Verifies what volumes reach, from their newest manifests on: first every page, tail manifest and segment index, then, unless quick,
/// every reachable frame of every segment. Goes on past damage and names each. Reads only; changes while it runs do no harm, and what is
/// deleted meanwhile may be named as missing.
/// </summary>
public sealed class StoreVerifier(Bucket bucket, VerifyOptions? options = null)
{
    private readonly VerifyOptions _options = options ?? new VerifyOptions();

    /// <summary>
    /// Verifies volumes. Throws <see cref="StoreKeyException"/> when the keys do not open one of them at all.
    /// </summary>
    public async Task<VerifyReport> RunAsync(
        IReadOnlyList<LineageId> volumes, Action<VerifyProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var damages = new DamageList(_options.MaxDamages);
        var walk = new ReachWalk(damages);
        var verified = new List<VerifiedVolume>();
        foreach (var lineage in volumes)
        {
            if (await bucket.OpenAsync(lineage, cancellationToken) is not { } volume)
            {
                damages.Add(new StoreDamage(DamageKind.Manifest, lineage, $"{lineage}/head/", null, null, null, "blobs of the volume are stored, and no head manifest is"));
                continue;
            }
            var snapshots = await walk.WalkAsync(volume, words => progress?.Invoke(new VerifyProgress(words, 0, 0)), cancellationToken);
            var head = volume.Manifest.Head;
            verified.Add(new VerifiedVolume(
                lineage, volume.ManifestKey, head.Version, head.Epoch, volume.Sequence, volume.Followed.Count, snapshots));
        }
        var bytesRead = await CheckSegmentsAsync([.. walk.Segments], damages, progress, cancellationToken);
        return new VerifyReport(
            verified, walk.Pages, walk.Segments.LongCount(), walk.Segments.Sum(segment => segment.FrameCount), bytesRead, damages.ToSorted(), damages.Count);
    }

    private async Task<long> CheckSegmentsAsync(
        ReachedSegment[] segments, DamageList damages, Action<VerifyProgress>? progress, CancellationToken cancellationToken)
    {
        // Pages were read whole on the way here; of their segments only the leading header is left.
        var check = new SegmentCheck(bucket.Blobs);
        var total = segments.Sum(ToRead);
        long done = 0, read = 0;
        await Parallel.ForEachAsync(
            segments.Where(segment => !segment.IsBroken),
            new ParallelOptions { MaxDegreeOfParallelism = _options.ParallelSegments, CancellationToken = cancellationToken },
            async (segment, token) =>
            {
                Interlocked.Add(ref read, await check.RunAsync(segment, _options.IsQuick, damages, token));
                progress?.Invoke(new VerifyProgress(segment.Reference.Identity.Owner.ToString(), Interlocked.Add(ref done, ToRead(segment)), total));
            });
        return read;
    }

    private long ToRead(ReachedSegment segment) =>
        !_options.IsQuick && segment.Reference.Identity.HoldsSectors ? segment.Reference.LengthBytes : SegmentFormat.HeaderBytes;
}
