using Tidegate.BlockStore;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// An image at the service, opened on first use and kept: the one that a restored volume started from, or a snapshot's. A failed
/// opening is forgotten, so that the next use tries again.
/// </summary>
/// <param name="describe">Asks the service for the image.</param>
/// <param name="blobs">Where its bytes come from; takes the tickets that come with the image.</param>
/// <param name="segmentCacheBytes">Bound of the indexes that are kept.</param>
internal sealed class RemoteImage(
    Func<CancellationToken, Task<VolumeImageReply>> describe, TicketBlobSource blobs, long segmentCacheBytes = SegmentCache.DefaultMaxBytes)
{
    /// <summary>The pages nearest to a map's root, and its index, of a volume that is full of data here and there.</summary>
    private const int AheadBytes = 128 << 10;
    private const int ParallelOpens = 32;

    /// <summary>Reads under way at once for one call, from 1.</summary>
    public int ParallelReads { get; init; } = 8;

    private readonly Lock _gate = new();
    private Task<ImageReader>? _opening;
    /// <summary>Kept over failures, so that each attempt needs fewer calls than the one before.</summary>
    private (ImageDescriptor Image, SegmentCache Segments)? _known;

    /// <summary>The reader. Throws what the service or the formats say.</summary>
    public Task<ImageReader> OpenAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_opening is null || _opening.IsFaulted || _opening.IsCanceled)
                _opening = LoadAsync();
            return _opening.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Asks the service for the image again on next use: a blob is missing, because what it held was moved longer ago than the service
    /// keeps what it moved (<c>docs/formats/relocation.md</c>, Readers).
    /// </summary>
    public void Forget()
    {
        lock (_gate)
            (_opening, _known) = (null, null);
    }

    private async Task<ImageReader> LoadAsync()
    {
        await Task.Yield();
        if (_known is not { } known)
        {
            var reply = await describe(CancellationToken.None);
            blobs.Accept(reply.Tickets);
            var keys = new Keyring();
            foreach (var key in reply.Keys)
                keys.Add(new LineageId(key.AccountId, key.VolumeId), key.Generation, new DataKey(key.DataKey));
            _known = known = (ImageDescriptor.Decode(reply.Descriptor), new SegmentCache(blobs, keys, segmentCacheBytes, AheadBytes));
        }
        return await ImageReader.OpenAsync(known.Image, known.Segments,
            new ImageReaderOptions { ReadsRootAhead = true, ParallelOpens = ParallelOpens, ParallelReads = ParallelReads, StaysOnScheduler = true });
    }
}
