using System.Buffers;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Verification;

/// <summary>Checks the blob of one reached segment, and every frame of it that something reaches. Safe for parallel use.</summary>
internal sealed class SegmentCheck(IBlobStore blobs)
{
    /// <summary>Checks; adds what is damaged; the number of bytes of data that were read.</summary>
    public async Task<long> RunAsync(ReachedSegment segment, bool isQuick, DamageList damages, CancellationToken cancellationToken)
    {
        try
        {
            if (isQuick) await CheckLengthAsync(segment, cancellationToken);
            else if (segment.Blob != segment.Reference) return await CheckMovedAsync(segment, damages, cancellationToken);
            else if (segment.Reference.Identity.HoldsSectors) return await CheckFramesAsync(segment, damages, cancellationToken);
            else await CheckHeaderAsync(segment, cancellationToken);
        }
        catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException)
        {
            damages.Add(StoreDamage.Of(DamageKind.Segment, segment.Volume, segment.Reference.Identity.BlobKey, damage, image: segment.Image));
        }
        return 0;
    }

    private async Task CheckLengthAsync(ReachedSegment segment, CancellationToken cancellationToken)
    {
        var key = segment.Blob.Identity.BlobKey;
        var length = await blobs.GetLengthAsync(key, cancellationToken) ?? throw new BlobNotFoundException(key);
        if (length != segment.Blob.LengthBytes)
            throw new CorruptDataException($"Segment {key}", $"the blob has {length} bytes, not {segment.Blob.LengthBytes}");
    }

    private async Task CheckHeaderAsync(ReachedSegment segment, CancellationToken cancellationToken)
    {
        await CheckLengthAsync(segment, cancellationToken);
        var key = segment.Reference.Identity.BlobKey;
        var clear = await blobs.GetRangeAsync(key, 0, SegmentFormat.HeaderBytes, cancellationToken);
        var reader = await SegmentReader.OpenAsync(new BlobStoreSource(blobs), segment.Reference, segment.Keyring, cancellationToken);
        reader.CheckLeadingHeader(clear.Span);
    }

    /// <summary>Opens every reachable frame of a segment whose frames were moved, where they are now; the number of bytes read.</summary>
    private async Task<long> CheckMovedAsync(ReachedSegment segment, DamageList damages, CancellationToken cancellationToken)
    {
        await CheckLengthAsync(segment, cancellationToken);
        var source = new BlobStoreSource(blobs);
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
        var blob = await blobs.GetRangeAsync(key, 0, segment.Reference.LengthBytes, cancellationToken);
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
