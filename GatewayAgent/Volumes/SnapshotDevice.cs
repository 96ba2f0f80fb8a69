using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Shadow;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// A snapshot as a read-only device, its bytes fetched from the store when they are read. Every byte is verified on its way
/// (AES-GCM, page hashes). Small reads go through a cache of whole blocks, large ones past it.
/// </summary>
/// <param name="name">For people.</param>
/// <param name="image">The snapshot.</param>
/// <param name="sizeBytes">Its size.</param>
/// <param name="options">How long a read waits for the store, and how often it tries.</param>
/// <param name="time">The clock.</param>
internal sealed class SnapshotDevice(string name, RemoteImage image, long sizeBytes, HydrationOptions options, TimeProvider time) : IBlockDevice
{
    /// <summary>Bound of the blocks that are kept.</summary>
    public const long CacheBytes = 16L << 20;

    private const int BlockBytes = BlockGeometry.BlockBytes;
    private readonly WeightedCache<long, byte[]> _blocks = new(CacheBytes, static block => block.Length);

    public long SizeBytes => sizeBytes;

    public bool IsReadOnly => true;

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var (block, within) = Math.DivRem(offset, BlockBytes);
            int count;
            if (within == 0 && buffer.Length >= BlockBytes)
            {
                count = buffer.Length / BlockBytes * BlockBytes;
                var (at, target) = (offset, buffer[..count]);
                await TryAsync((reader, stop) => reader.ReadAsync(at, target, stop), offset, count, cancellationToken);
            }
            else
            {
                var bytes = await _blocks.GetAsync(block, FetchAsync, cancellationToken);
                count = Math.Min(bytes.Length - (int)within, buffer.Length);
                bytes.AsMemory((int)within, count).CopyTo(buffer);
            }
            offset += count;
            buffer = buffer[count..];
        }
    }

    public async ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, int maxExtents, CancellationToken cancellationToken)
    {
        var extents = new List<BlockExtent>();
        await TryAsync(
            async (reader, stop) =>
            {
                extents.Clear();
                var (at, end) = (offset, offset + length);
                await foreach (var held in reader.EnumerateBlocksAsync((uint)(offset / BlockBytes), stop))
                {
                    if (held.Offset >= end || extents.Count > maxExtents)
                        break;
                    Add(extents, held.Offset - at, isHole: true);
                    at = Math.Max(at, held.Offset);
                    Add(extents, Math.Min(held.Offset + BlockBytes, end) - at, isHole: false);
                    at = Math.Min(held.Offset + BlockBytes, end);
                }
                if (extents.Count <= maxExtents)
                    Add(extents, end - at, isHole: true);
            },
            offset, length, cancellationToken);
        return extents.Count > maxExtents ? extents[..maxExtents] : extents;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken) => Refused();

    public ValueTask DiscardAsync(long offset, long length, bool fua, CancellationToken cancellationToken) => Refused();

    public ValueTask WriteZeroesAsync(long offset, long length, bool fua, CancellationToken cancellationToken) => Refused();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static ValueTask Refused() => ValueTask.FromException(
        new BlockDeviceException(DeviceError.NotPermitted, "The export is a snapshot, which never changes; restore it to a volume to write."));

    private static void Add(List<BlockExtent> extents, long length, bool isHole)
    {
        if (length <= 0)
            return;
        if (extents.Count > 0 && extents[^1].IsHole == isHole)
            extents[^1] = extents[^1] with { LengthBytes = extents[^1].LengthBytes + length };
        else
            extents.Add(new BlockExtent(length, isHole));
    }

    private async Task<byte[]> FetchAsync(long block)
    {
        var start = block * BlockBytes;
        var bytes = new byte[Math.Min(BlockBytes, sizeBytes - start)];
        // Others may wait for it as well: it is not bound to one reader's patience.
        await TryAsync((reader, stop) => reader.ReadAsync(start, bytes, stop), start, bytes.Length, CancellationToken.None);
        return bytes;
    }

    /// <summary>Tries until it works, what failed does not pass, or the time is up. When it returns nothing touches the caller's buffer any more.</summary>
    private async Task TryAsync(Func<ImageReader, CancellationToken, ValueTask> use, long offset, long length, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(options.FirstTouchTimeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var delay = new RetryDelay(options.FirstDelay, options.LongestDelay);
        var reason = "the service did not answer in time";
        for (var isMoved = false; ;)
        {
            try
            {
                await use(await image.OpenAsync(stop.Token), stop.Token);
                return;
            }
            catch (BlobNotFoundException) when (!isMoved)
            {
                // What it held was moved longer ago than the service keeps what it moved, or the snapshot was deleted.
                isMoved = true;
                image.Forget();
            }
            catch (Exception error) when (!stop.IsCancellationRequested)
            {
                reason = error.Message;
                if (!Hydrator.IsTransient(error))
                    throw Failed(error);
                await Task.Delay(delay.Next(), time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception error) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw Failed(error);
            }
        }

        BlockDeviceException Failed(Exception error) => new(
            DeviceError.Io, $"Bytes {offset} to {offset + length} of '{name}' could not be fetched: {reason}", error);
    }
}
