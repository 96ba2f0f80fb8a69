using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Heavy work on volumes, outside the grains' turns: a bounded number of workers and a bounded queue per silo, one item of a volume at
/// a time. A worker reads, seals and stores blobs; the grain only validates and saves. The lease on an item is its entry here: if silo
/// or grain go away, so does the item, what it stored are orphans, and the volume asks again. An item that takes longer than
/// <see cref="MaxDuration"/> is given up, so that what it reads is safe by the grace of deletion.
/// </summary>
internal sealed partial class WorkPool(IGrainFactory grains, VolumeServices host, AggregateServices services) : IAsyncDisposable
{
    /// <summary>Longest that an item may run.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(30);

    private const int Workers = 2;
    private const int MaxVolumes = 256;
    private const int MaxAttempts = 8;
    private const long CacheBytes = 16 << 20;

    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.WorkPool");
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _queue = Channel.CreateBounded<string>(MaxVolumes);
    private readonly ConcurrentDictionary<string, Lease> _leases = new();
    private readonly Lock _starting = new();
    private Task[] _workers = [];

    /// <summary>Queues work on a volume; false when the same kind of work waits for it already, or the queue is full.</summary>
    public bool TryStart(string volumeId, IVolumeWork work)
    {
        lock (_starting)
        {
            if (_leases.TryGetValue(volumeId, out var lease)) return lease.TryAdd(work);
            lease = new Lease();
            lease.TryAdd(work);
            if (!_queue.Writer.TryWrite(volumeId)) return false;
            _leases[volumeId] = lease;
            if (_workers.Length == 0) _workers = [.. Enumerable.Range(0, Workers).Select(_ => Task.Run(RunAsync))];
        }

        return true;
    }

    /// <summary>The change that is prepared for a volume, or null.</summary>
    public PreparedChange? Prepared(string volumeId) => _leases.GetValueOrDefault(volumeId)?.Prepared;

    /// <summary>Ends with the work on the volume that is under way, published or not; at once when there is none.</summary>
    public Task EndedAsync(string volumeId) => _leases.GetValueOrDefault(volumeId)?.Ended.Task ?? Task.CompletedTask;

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
            await foreach (var volume in _queue.Reader.ReadAllAsync(_stop.Token)) await WorkAsync(volume);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task WorkAsync(string volumeId)
    {
        var lease = _leases[volumeId];
        while (TakeOrEnd(volumeId, lease) is { } work)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                limit.CancelAfter(MaxDuration);
                await WorkAsync(volumeId, lease, work, limit.Token);
            }
            catch (Exception failure) when (!_stop.IsCancellationRequested)
            {
                LogFailed(_log, failure, work.Kind, volumeId);
            }
            finally
            {
                lease.Prepared = null;
            }
        }
    }

    private async Task WorkAsync(string volumeId, Lease lease, IVolumeWork work, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<IVolumeWorkGrain>(volumeId);
        WorkContext? context = null;
        VolumeKeys? keys = null;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var known = await grain.GetWorkBase();
            keys ??= await VolumeKeys.UnwrapAsync(host.Keys, known.Keys);
            var segments = (context?.Segments ?? new SegmentCache(new BlobStoreSource(host.Blobs), keys.Ring, CacheBytes))
                .At(RelocationRoot.Decode(known.OriginRelocations));
            var retention = new Retention(known.Retention.Window, known.Retention.ThinEvery, known.Retention.ThinFor);
            var terms = new ReclaimTerms(services.Clock.GetUtcNow(), retention);
            context = new WorkContext(volumeId, VolumeHead.Decode(known.Head), keys, segments, host.Blobs, terms);
            lease.Prepared = await work.PrepareAsync(context, cancellationToken);
            if (lease.Prepared is null) return;
            if (await grain.PublishWork() != PublishOutcome.Done) continue;
            work.Saved();
            return;
        }

        LogLost(_log, work.Kind, volumeId, MaxAttempts);
    }

    // Decided together with TryStart, so that no work is added to a lease that has just ended.
    private IVolumeWork? TakeOrEnd(string volumeId, Lease lease)
    {
        lock (_starting)
        {
            if (lease.TryTake(out var work)) return work;
            _leases.TryRemove(volumeId, out _);
        }

        lease.Ended.SetResult();
        return null;
    }

    private sealed class Lease
    {
        private readonly Queue<IVolumeWork> _waiting = [];

        public PreparedChange? Prepared { get; set; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TryAdd(IVolumeWork work)
        {
            if (_waiting.Any(other => other.Kind == work.Kind)) return false;
            _waiting.Enqueue(work);
            return true;
        }

        public bool TryTake(out IVolumeWork? work) => _waiting.TryDequeue(out work);
    }

    [LoggerMessage(131, LogLevel.Warning, "Work ({Kind}) on volume {Volume} failed; the volume will ask for it again")]
    private static partial void LogFailed(ILogger log, Exception failure, string kind, string volume);

    [LoggerMessage(132, LogLevel.Information, "Work ({Kind}) on volume {Volume} met another change {Attempts} times; the volume will ask for it again")]
    private static partial void LogLost(ILogger log, string kind, string volume, int attempts);
}
