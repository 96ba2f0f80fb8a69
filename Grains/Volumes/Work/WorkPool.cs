using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
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
    private const int MaxWaiting = 64;
    private const long CacheBytes = 16 << 20;

    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.WorkPool");
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _queue = Channel.CreateBounded<string>(MaxVolumes);
    private readonly ConcurrentDictionary<string, Lease> _leases = new();
    private readonly Lock _starting = new();
    private Task[] _workers = [];

    /// <summary>Queues work on a volume; false when the same kind of work waits for it already, or the queue is full.</summary>
    public bool TryStart(string volumeId, IVolumeWork work) => TryStart(volumeId, new Item(work, null));

    /// <summary>
    /// Does work on a volume and ends with it, or with the same kind of work that waits for the volume already. Throws what the work throws,
    /// and <c>Unavailable</c> when the queue is full or other changes came first too often.
    /// </summary>
    public async Task RunAsync(string volumeId, IVolumeWork work)
    {
        var item = new Item(work, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await (Join(volumeId, item) ?? throw Busy(volumeId));
    }

    private Task? Join(string volumeId, Item item)
    {
        lock (_starting)
        {
            if (_leases.TryGetValue(volumeId, out var lease) && lease.EndOf(item.Work.Kind) is { } same) return same;
            return TryStart(volumeId, item) ? item.Done!.Task : null;
        }
    }

    private bool TryStart(string volumeId, Item item)
    {
        lock (_starting)
        {
            if (_leases.TryGetValue(volumeId, out var lease)) return lease.TryAdd(item, MaxWaiting);
            lease = new Lease();
            lease.TryAdd(item, MaxWaiting);
            // A worker may take the volume as soon as it is in the queue.
            _leases[volumeId] = lease;
            if (!_queue.Writer.TryWrite(volumeId))
            {
                _leases.TryRemove(volumeId, out _);
                return false;
            }

            if (_workers.Length == 0) _workers = [.. Enumerable.Range(0, Workers).Select(_ => Task.Run(RunAsync))];
        }

        return true;
    }

    /// <summary>The change that is prepared for a volume, and the item that prepared it; or null.</summary>
    public (PreparedChange Change, IVolumeWork Work)? Prepared(string volumeId) => _leases.GetValueOrDefault(volumeId)?.Prepared;

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
        // Stopping ends the queue, and what is still in it ends without having been begun: whoever waits for it must hear.
        await foreach (var volume in _queue.Reader.ReadAllAsync()) await WorkAsync(volume);
    }

    private async Task WorkAsync(string volumeId)
    {
        var lease = _leases[volumeId];
        while (TakeOrEnd(volumeId, lease) is { } item)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                limit.CancelAfter(MaxDuration);
                if (!await WorkAsync(volumeId, lease, item.Work, limit.Token)) throw Busy(volumeId);
                item.Done?.SetResult();
            }
            catch (Exception failure) when (item.Done is not null)
            {
                item.Done.SetException(failure is OperationCanceledException ? Busy(volumeId) : failure);
            }
            catch (Exception failure)
            {
                // While the silo stops anything may fail, and says nothing about the work.
                if (!_stop.IsCancellationRequested) LogFailed(_log, failure, item.Work.Kind, volumeId);
            }
            finally
            {
                lease.Prepared = null;
            }
        }
    }

    // False when other changes came first too often.
    private async Task<bool> WorkAsync(string volumeId, Lease lease, IVolumeWork work, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<IVolumeWorkGrain>(volumeId);
        WorkContext? context = null;
        VolumeKeys? keys = null;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var known = await grain.GetWorkBase();
            keys ??= await VolumeKeys.UnwrapAsync(host.Keys, known.Keys);
            var segments = (context?.Segments ?? new SegmentCache(new BlobStoreSource(host.Blobs), keys.Ring, CacheBytes))
                .At(RelocationRoot.Decode(known.OriginRelocations));
            context = new WorkContext(volumeId, known, keys, segments, host.Blobs, host.Merging, services.Clock.GetUtcNow());
            if (await work.PrepareAsync(context, cancellationToken) is not { } change) return true;
            lease.Prepared = (change, work);
            var outcome = await grain.PublishWork();
            // The volume has moved, and asks the pool of its own silo for what it needs; who waits here must not hear that it was done.
            if (outcome == PublishOutcome.Unknown) return false;
            if (outcome != PublishOutcome.Done) continue;
            work.Saved();
            if (!work.GoesOn) return true;
            attempt = -1;
        }

        return false;
    }

    private static TidegateException Busy(string volumeId) =>
        new(ErrorCodes.Unavailable, $"Volume {volumeId} has other work to do.", "Try again in a moment.");

    // Decided together with TryStart, so that no work is added to a lease that has just ended.
    private Item? TakeOrEnd(string volumeId, Lease lease)
    {
        lock (_starting)
        {
            if (lease.TryTake(out var item)) return item;
            _leases.TryRemove(volumeId, out _);
        }

        lease.Ended.SetResult();
        return null;
    }

    private sealed record Item(IVolumeWork Work, TaskCompletionSource? Done);

    private sealed class Lease
    {
        private readonly Queue<Item> _waiting = [];

        public (PreparedChange Change, IVolumeWork Work)? Prepared { get; set; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TryAdd(Item item, int most)
        {
            if (_waiting.Count == most || _waiting.Any(other => other.Work.Kind == item.Work.Kind)) return false;
            _waiting.Enqueue(item);
            return true;
        }

        public Task? EndOf(string kind) => _waiting.FirstOrDefault(other => other.Work.Kind == kind)?.Done?.Task;

        public bool TryTake(out Item? item) => _waiting.TryDequeue(out item);
    }

    [LoggerMessage(131, LogLevel.Warning, "Work ({Kind}) on volume {Volume} failed; the volume will ask for it again")]
    private static partial void LogFailed(ILogger log, Exception failure, string kind, string volume);
}
