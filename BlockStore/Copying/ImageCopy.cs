using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Copying;

/// <summary>
/// Copies an image into a lineage of its own, under that lineage's key alone (I13, <c>docs/formats/copy.md</c>): its sectors become data segments
/// as if a log had written them in order. A log position is an offset in the image, so that the target's head says how far the copy is, and
/// whoever goes on begins there. What is absent in the image, or zero, stays absent. Memory is bounded by three segments.
/// </summary>
/// <param name="image">What is copied; something must hold its blobs meanwhile.</param>
/// <param name="sealer">Seals for the target's lineage, with its first key.</param>
/// <param name="put">Stores a blob that nothing refers to yet.</param>
public sealed class ImageCopy(ImageReader image, LineageSealer sealer, Func<BlobEffect, CancellationToken, ValueTask> put)
{
    /// <summary>Most blocks of one segment: 8 MiB.</summary>
    public const int MaxSegmentBlocks = 128;

    private const int RunBlocks = 32;
    private const int ParallelRuns = 4;

    /// <summary>Segments of a unit. Default 8: a unit reads 64 MiB at most.</summary>
    public int UnitSegments { get; init; } = 8;

    /// <summary>Blocks of a segment, 1 to <see cref="MaxSegmentBlocks"/>.</summary>
    public int SegmentBlocks { get; init; } = MaxSegmentBlocks;

    /// <summary>
    /// Stores the next unit after what <paramref name="target"/> has; its claims are still to be committed. The last one completes
    /// <paramref name="snapshotId"/>. Throws what the image throws for damaged bytes (I6).
    /// </summary>
    public async Task<CopiedUnit> RunAsync(VolumeHead target, string snapshotId, DateTimeOffset pointAt, CancellationToken cancellationToken = default)
    {
        if (target.SizeBytes != image.SizeBytes)
            throw new ArgumentException($"The image has {image.SizeBytes} bytes and the target {target.SizeBytes}.", nameof(target));
        var claims = new List<SegmentClaim>();
        var (position, sequence, digest, data) = (target.CommittedLogEnd, target.CommittedSequence, target.TipDigest, 0L);
        var isLast = false;
        // One segment is read while the one before is sealed and stored.
        await using var blocks = image.EnumerateBlocksAsync(BlockAt(position), cancellationToken).GetAsyncEnumerator(cancellationToken);
        var hasNext = await blocks.MoveNextAsync();
        var reading = ReadAsync();
        try
        {
            while (!isLast && claims.Count < UnitSegments)
            {
                var (batch, content, end) = await reading;
                isLast = end == image.SizeBytes;
                reading = isLast || claims.Count + 1 == UnitSegments ? NoneAsync() : ReadAsync();
                var (claim, bytes) = await StoreAsync(batch, content, target.Epoch, sequence + 1, digest, position, end, isLast ? [snapshotId] : []);
                claims.Add(claim);
                (position, sequence, digest, data) = (end, claim.Sequence, claim.Digest, data + bytes);
            }
        }
        finally
        {
            // Nothing may still read when the caller lets go of the image.
            await reading.ContinueWith(static left => _ = left.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        return new CopiedUnit(claims, data, isLast);

        static Task<(List<ImageBlock>, byte[], long)> NoneAsync() => Task.FromResult((new List<ImageBlock>(), Array.Empty<byte>(), 0L));

        async Task<(List<ImageBlock> Blocks, byte[] Content, long End)> ReadAsync()
        {
            var batch = new List<ImageBlock>();
            while (hasNext && batch.Count < SegmentBlocks)
            {
                batch.Add(blocks.Current);
                hasNext = await blocks.MoveNextAsync();
            }

            var content = await ReadBlocksAsync(batch, cancellationToken);
            return (batch, content, hasNext ? blocks.Current.Offset : image.SizeBytes);
        }

        async Task<(SegmentClaim Claim, long DataBytes)> StoreAsync(
            List<ImageBlock> batch, byte[] content, long epoch, long number, SegmentDigest previous, long start, long end, string[] snapshots)
        {
            using var builder = sealer.CreateBuilder(start);
            for (var i = 0; i < batch.Count; i++) Write(builder, batch[i], content.AsSpan(i * BlockGeometry.BlockBytes, BlockGeometry.BlockBytes));
            using var segment = builder.Seal(sealer.NewDataIdentity(epoch, number), previous, end, pointAt, pointAt);
            await put(new BlobEffect(segment.BlobKey, segment.Content), cancellationToken);
            return (
                new SegmentClaim(segment.BlobKey, number, start, end, previous, segment.Digest, segment.LengthBytes, segment.FrameBytes, pointAt, snapshots),
                builder.DataBytes);
        }
    }

    private static uint BlockAt(long position) => (uint)((position + BlockGeometry.BlockBytes - 1) / BlockGeometry.BlockBytes);

    // Neighbours are read together.
    private async Task<byte[]> ReadBlocksAsync(List<ImageBlock> batch, CancellationToken cancellationToken)
    {
        var content = new byte[batch.Count * BlockGeometry.BlockBytes];
        var runs = new List<(int First, int Count)>();
        for (var i = 0; i < batch.Count; i++)
        {
            if (runs.Count > 0 && runs[^1] is var (first, count) && count < RunBlocks && batch[i].Block == batch[first].Block + count) runs[^1] = (first, count + 1);
            else runs.Add((i, 1));
        }

        await Parallel.ForEachAsync(
            runs,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelRuns, CancellationToken = cancellationToken },
            async (run, token) =>
            {
                var offset = batch[run.First].Offset;
                // The last block of an image may be a part of one.
                var length = (int)Math.Min((long)run.Count * BlockGeometry.BlockBytes, image.SizeBytes - offset);
                await image.ReadAsync(offset, content.AsMemory(run.First * BlockGeometry.BlockBytes, length), token);
            });
        return content;
    }

    private static void Write(SegmentBuilder builder, ImageBlock block, ReadOnlySpan<byte> content)
    {
        for (var first = 0; first < BlockGeometry.SectorsPerBlock;)
        {
            var end = first;
            while (end < BlockGeometry.SectorsPerBlock && IsHeld(block.Mask, end, content)) end++;
            var (from, through) = (first * BlockGeometry.SectorBytes, end * BlockGeometry.SectorBytes);
            if (end > first) builder.Write(block.Offset + from, content[from..through]);
            first = end + 1;
        }
    }

    private static bool IsHeld(ushort mask, int sector, ReadOnlySpan<byte> content) =>
        (mask & (1 << sector)) != 0
        && content.Slice(sector * BlockGeometry.SectorBytes, BlockGeometry.SectorBytes).ContainsAnyExcept((byte)0);
}
