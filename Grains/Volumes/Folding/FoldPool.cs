using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes.Folding;

/// <summary>
/// Folds tails outside the grains' turns: a bounded number of workers and a bounded queue per silo, one fold of a volume at
/// a time. A worker reads and writes blobs; the grain only validates and publishes. The lease on a work item is its entry
/// here: if silo or grain go away, so does the item, its map segments are orphans, and the next commit asks again.
/// </summary>
internal sealed partial class FoldPool(IGrainFactory grains, VolumeServices host, ILoggerFactory loggers) : IAsyncDisposable
{
    private const int Workers = 2;
    private const int MaxQueued = 256;
    private const long CacheBytes = 16 << 20;

    private readonly ILogger _log = loggers.CreateLogger("Tidegate.Grains.FoldPool");
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<FoldWork> _queue = Channel.CreateBounded<FoldWork>(MaxQueued);
    private readonly ConcurrentDictionary<string, Lease> _leased = new();
    private readonly Lock _starting = new();
    private Task[] _workers = [];

    /// <summary>Queues a fold; false when one of this volume is under way or the queue is full.</summary>
    public bool TryStart(FoldWork work)
    {
        if (!_leased.TryAdd(work.VolumeId, new Lease())) return false;
        if (!_queue.Writer.TryWrite(work))
        {
            End(work.VolumeId);
            return false;
        }

        lock (_starting)
        {
            if (_workers.Length == 0) _workers = [.. Enumerable.Range(0, Workers).Select(_ => Task.Run(RunAsync))];
        }

        return true;
    }

    /// <summary>The finished fold of a volume, or null.</summary>
    public FoldResult? Finished(string volumeId) => _leased.GetValueOrDefault(volumeId)?.Result;

    /// <summary>Ends with the fold of the volume that is under way, published or not; at once when there is none.</summary>
    public Task EndedAsync(string volumeId) => _leased.GetValueOrDefault(volumeId)?.Ended.Task ?? Task.CompletedTask;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        ServiceCaller.Act();
        try
        {
            await foreach (var work in _queue.Reader.ReadAllAsync(_stop.Token)) await FoldAsync(work);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task FoldAsync(FoldWork work)
    {
        try
        {
            if (await ComputeAsync(work) is not { } result) return;
            _leased[work.VolumeId].Result = result;
            await grains.GetGrain<IFoldsVolume>(work.VolumeId).PublishFold();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            LogFailed(_log, failure, work.VolumeId);
        }
        finally
        {
            End(work.VolumeId);
        }
    }

    private void End(string volumeId)
    {
        if (_leased.TryRemove(volumeId, out var lease)) lease.Ended.SetResult();
    }

    private async Task<FoldResult?> ComputeAsync(FoldWork work)
    {
        var keys = await VolumeKeys.UnwrapAsync(host.Keys, work.Keys);
        var segments = new SegmentCache(new BlobStoreSource(host.Blobs), keys.Ring, CacheBytes);
        var catalogue = new CatalogueEdit(work.Head.Lineage, work.Head.Catalogue, segments);
        var cuts = await catalogue.ListCutsAsync(work.Head.BaseSequence, work.Head.CommittedSequence, _stop.Token);
        var folder = new Folder(segments, keys.Sealer, async (blob, cancellation) => await host.Blobs.PutIfAbsentAsync(blob.Key, blob.Content, cancellation));
        return await folder.FoldAsync(work.Head, cuts.Select(cut => cut.Sequence).ToHashSet(), _stop.Token);
    }

    private sealed class Lease
    {
        public FoldResult? Result { get; set; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(131, LogLevel.Warning, "Folding volume {Volume} failed; its next commit starts another fold")]
    private static partial void LogFailed(ILogger log, Exception failure, string volume);
}
