using System.Buffers;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Relocation;
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
        var total = segments.Sum(ToRead);
        long done = 0, read = 0;
        await Parallel.ForEachAsync(
            segments.Where(segment => !segment.IsBroken),
            new ParallelOptions { MaxDegreeOfParallelism = _options.ParallelSegments, CancellationToken = cancellationToken },
            async (segment, token) =>
            {
                try
                {
                    if (_options.IsQuick) await CheckLengthAsync(segment, token);
                    else if (segment.Blob != segment.Reference) Interlocked.Add(ref read, await CheckMovedAsync(segment, damages, token));
                    else if (segment.Reference.Identity.Kind == SegmentKind.Data) Interlocked.Add(ref read, await CheckFramesAsync(segment, damages, token));
                    else await CheckHeaderAsync(segment, token);
                }
                catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException)
                {
                    damages.Add(StoreDamage.Of(DamageKind.Segment, segment.Volume, segment.Reference.Identity.BlobKey, damage, image: segment.Image));
                }
                progress?.Invoke(new VerifyProgress(segment.Reference.Identity.Owner.ToString(), Interlocked.Add(ref done, ToRead(segment)), total));
            });
        return read;
    }

    private long ToRead(ReachedSegment segment) =>
        !_options.IsQuick && segment.Reference.Identity.Kind == SegmentKind.Data ? segment.Reference.LengthBytes : SegmentFormat.HeaderBytes;

    private async Task CheckLengthAsync(ReachedSegment segment, CancellationToken cancellationToken)
    {
        var key = segment.Blob.Identity.BlobKey;
        var length = await bucket.Blobs.GetLengthAsync(key, cancellationToken) ?? throw new BlobNotFoundException(key);
        if (length != segment.Blob.LengthBytes)
            throw new CorruptDataException($"Segment {key}", $"the blob has {length} bytes, not {segment.Blob.LengthBytes}");
    }

    private async Task CheckHeaderAsync(ReachedSegment segment, CancellationToken cancellationToken)
    {
        await CheckLengthAsync(segment, cancellationToken);
        var key = segment.Reference.Identity.BlobKey;
        var clear = await bucket.Blobs.GetRangeAsync(key, 0, SegmentFormat.HeaderBytes, cancellationToken);
        var reader = await SegmentReader.OpenAsync(new BlobStoreSource(bucket.Blobs), segment.Reference, segment.Keyring, cancellationToken);
        reader.CheckLeadingHeader(clear.Span);
    }

    /// <summary>Opens every reachable frame of a segment whose frames were moved, where they are now; the number of bytes read.</summary>
    private async Task<long> CheckMovedAsync(ReachedSegment segment, DamageList damages, CancellationToken cancellationToken)
    {
        await CheckLengthAsync(segment, cancellationToken);
        var source = new BlobStoreSource(bucket.Blobs);
        var container = await MovedContainer.OpenAsync(source, segment.Blob, segment.Keyring, cancellationToken);
        var reader = SegmentReader.OpenMoved(segment.Reference, container, segment.Keyring);
        var plain = new byte[SegmentFormat.MaxPageBytes];
        long read = 0;
        foreach (var index in container.Find(segment.Reference.Identity).Indexes.Where(segment.IsReached))
        {
            var entry = reader.FrameAt(index);
            try
            {
                await reader.ReadFrameAsync(source, index, plain.AsMemory(0, entry.PlainBytes), cancellationToken);
                read += entry.StoredBytes;
            }
            catch (CorruptDataException damage)
            {
                damages.Add(StoreDamage.Of(DamageKind.Frame, segment.Volume, segment.Blob.Identity.BlobKey, damage, index, entry.Block, segment.Image));
            }
        }
        return read;
    }

    /// <summary>Reads the blob once and opens every reachable frame; the number of bytes read.</summary>
    private async Task<long> CheckFramesAsync(ReachedSegment segment, DamageList damages, CancellationToken cancellationToken)
    {
        var key = segment.Reference.Identity.BlobKey;
        await CheckLengthAsync(segment, cancellationToken);
        var blob = await bucket.Blobs.GetRangeAsync(key, 0, segment.Reference.LengthBytes, cancellationToken);
        var reader = SegmentReader.Open(blob, segment.Reference, segment.Keyring);
        using var opener = reader.CreateOpener();
        var plain = ArrayPool<byte>.Shared.Rent(BlockGeometry.BlockBytes);
        try
        {
            for (var i = 0; i < reader.Index.Entries.Count; i++)
            {
                if (!segment.IsReached(i)) continue;
                var entry = reader.Index.Entries[i];
                try
                {
                    opener.Open(i, blob.Span.Slice(entry.Offset, entry.StoredBytes), plain.AsSpan(0, entry.PlainBytes));
                }
                catch (CorruptDataException damage)
                {
                    damages.Add(StoreDamage.Of(DamageKind.Frame, segment.Volume, key, damage, i, entry.Block, segment.Image));
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }
        return blob.Length;
    }
}
