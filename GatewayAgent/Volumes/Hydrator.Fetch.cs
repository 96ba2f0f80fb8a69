using System.Buffers;
using System.Diagnostics;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;

namespace Tidegate.GatewayAgent.Volumes;

// How blocks come from the image into the store.
internal sealed partial class Hydrator
{
    /// <summary>Fetches the range's blocks now; a block that is being fetched for another host is not fetched twice.</summary>
    private Task TouchAsync(long offset, long length)
    {
        var first = offset / BlockGeometry.BlockBytes;
        var last = (offset + length - 1) / BlockGeometry.BlockBytes;
        var fetches = new List<Task>();
        for (var block = first; block <= last; block++)
        {
            if (_map.Mask(block) == ushort.MaxValue)
                continue;
            fetches.Add(_touched.GetOrAdd(block, key => new Lazy<Task>(() => TouchBlockAsync(key))).Value);
        }
        return Task.WhenAll(fetches);
    }

    private async Task TouchBlockAsync(long block)
    {
        // Off the caller's stack, so that the entry is in the table before it can be removed.
        await Task.Yield();
        try
        {
            await FetchAsync(block, 1, _stop.Token);
        }
        finally
        {
            _touched.TryRemove(block, out _);
        }
    }

    private async Task FetchAsync(long first, int count, CancellationToken cancellationToken)
    {
        var reader = await _image.OpenAsync(cancellationToken);
        var offset = first * BlockGeometry.BlockBytes;
        var length = (int)Math.Min((long)count * BlockGeometry.BlockBytes, _map.SizeBytes - offset);
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var data = rented.AsMemory(0, length);
            var inImage = (int)Math.Clamp(reader.SizeBytes - offset, 0, length);
            data[inImage..].Span.Clear();
            try
            {
                await reader.ReadAsync(offset, data[..inImage], cancellationToken);
            }
            catch (BlobNotFoundException)
            {
                _image.Forget();
                reader = await _image.OpenAsync(cancellationToken);
                await reader.ReadAsync(offset, data[..inImage], cancellationToken);
            }
            Store(offset, data.Span);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
        if (Interlocked.Add(ref _unsettledBytes, length) >= _options.SettleBytes)
            await SettleAsync();
    }

    private void Store(long offset, ReadOnlySpan<byte> data)
    {
        var volume = _volume ?? throw new UnreachableException();
        for (var at = 0; at < data.Length; at += BlockGeometry.BlockBytes)
        {
            var start = offset + at;
            var block = start / BlockGeometry.BlockBytes;
            var piece = data[at..Math.Min(data.Length, at + BlockGeometry.BlockBytes)];
            // Zeroes are what an absent sector of the sparse store holds already.
            var nonZero = NonZeroSectors(piece);
            volume.FillStore(start, piece, sector =>
            {
                var bit = 1 << (int)((sector - start) / BlockGeometry.SectorBytes);
                return (nonZero & bit) != 0 && (_map.Mask(block) & bit) == 0;
            });
            _map.MarkFetched(block, MaskOf(start, start + piece.Length));
        }
    }

    private static int NonZeroSectors(ReadOnlySpan<byte> block)
    {
        var mask = 0;
        for (var at = 0; at < block.Length; at += BlockGeometry.SectorBytes)
        {
            if (block.Slice(at, BlockGeometry.SectorBytes).ContainsAnyExcept((byte)0))
                mask |= 1 << (at / BlockGeometry.SectorBytes);
        }
        return mask;
    }

    /// <summary>The sectors of the block at <paramref name="offset"/> that lie in [offset, end).</summary>
    private static ushort MaskOf(long offset, long end)
    {
        var start = offset / BlockGeometry.BlockBytes * BlockGeometry.BlockBytes;
        var from = (int)((offset - start) / BlockGeometry.SectorBytes);
        var to = (int)((Math.Min(end, start + BlockGeometry.BlockBytes) - start + BlockGeometry.SectorBytes - 1) / BlockGeometry.SectorBytes);
        return (ushort)(((1 << to) - 1) & ~((1 << from) - 1));
    }
}
