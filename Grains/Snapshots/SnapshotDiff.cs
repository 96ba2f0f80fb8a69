using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Volumes;

namespace Tidegate.Grains.Snapshots;

/// <summary>Compares stored images. Reads the bucket and decodes pages: not for a grain's turn.</summary>
internal static class SnapshotDiff
{
    private const long CacheBytes = 16 << 20;

    // Far below the shortest grace of deletion: a page needs no lease (docs/formats/reclaim.md, Leases).
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>One page of the blocks that differ; <paramref name="before"/> null compares with nothing.</summary>
    public static async Task<ChangedBlocks> CompareAsync(VolumeServices host, StoredImage? before, StoredImage after, long fromBlock, int maxBlocks)
    {
        using var limit = new CancellationTokenSource(Longest);
        try
        {
            return await CompareAsync(host, before, after, fromBlock, maxBlocks, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TidegateException(ErrorCodes.Unavailable, $"The comparison took longer than {Longest.TotalMinutes} minutes.", "Ask for fewer blocks at a time, or later.");
        }
    }

    private static async Task<ChangedBlocks> CompareAsync(
        VolumeServices host, StoredImage? before, StoredImage after, long fromBlock, int maxBlocks, CancellationToken cancellationToken)
    {
        var later = await OpenAsync(host, after);
        var earlier = before is null ? await EmptyAsync(host, later.SizeBytes) : await OpenAsync(host, before);
        var blocks = new List<long>(Math.Min(maxBlocks, 1024));
        await foreach (var block in ImageDiff.ChangedBlocksAsync(earlier, later, checked((uint)fromBlock), cancellationToken))
        {
            if (blocks.Count == maxBlocks) return Page(block);
            blocks.Add(block);
        }

        return Page(null);

        ChangedBlocks Page(long? next) => new(later.SizeBytes, BlockGeometry.BlockBytes, blocks, next);
    }

    private static async Task<ImageReader> OpenAsync(VolumeServices host, StoredImage image)
    {
        var keys = await VolumeKeys.UnwrapAsync(host.Keys, image.Keys);
        return await ImageReader.OpenAsync(ImageDescriptor.Decode(image.Descriptor), new SegmentCache(new BlobStoreSource(host.Blobs), keys.Ring, CacheBytes));
    }

    private static Task<ImageReader> EmptyAsync(VolumeServices host, long sizeBytes) =>
        ImageReader.OpenAsync(ImageDescriptor.Empty(sizeBytes), new SegmentCache(new BlobStoreSource(host.Blobs), new Keyring(), CacheBytes));
}
