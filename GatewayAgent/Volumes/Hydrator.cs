using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// Brings a restored volume's bytes into its store while it is served (M2.9, I13): in the background in order, and at once
/// where a host reads. Local writes are never overwritten, only verified bytes are stored, and a block counts as present after
/// a crash only if the store was synced first (<c>docs/formats/presence-map.md</c>).
/// </summary>
internal sealed partial class Hydrator : IAbsentBlocks, IAsyncDisposable
{
    private readonly string _volumeId;
    private readonly PresenceMap _map;
    private readonly IVolumeService _service;
    private readonly RemoteImage _image;
    private readonly HydrationOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _settling = new(1);
    private readonly ConcurrentDictionary<long, Lazy<Task>> _touched = new();
    private readonly TaskCompletionSource _completed = StarterScheduler.NewSource();

    private const int Niceness = 15;

    private LoggedVolume? _volume;
    private WorkerThread? _worker;
    private Task _running = Task.CompletedTask;
    private long _unsettledBytes;
    private readonly Lock _hostsGate = new();
    private int _waitingHosts;
    private volatile TaskCompletionSource _hostsServed = Completed();
    private volatile TaskCompletionSource _hostsWait = StarterScheduler.NewSource();
    private volatile string _reason = "";

    /// <param name="volumeId">The volume.</param>
    /// <param name="map">What is present.</param>
    /// <param name="service">Where the image and its tickets come from.</param>
    /// <param name="blobs">Carries the bytes.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">All waiting goes by it.</param>
    /// <param name="logger">For operators.</param>
    /// <param name="pace">How fast the background may be.</param>
    /// <param name="snapshotId">Snapshot of the volume that it is fetched from; empty for the image that it began as.</param>
    public Hydrator(string volumeId, PresenceMap map, IVolumeService service, IBlobTransport blobs, HydrationOptions options,
        TimeProvider time, ILogger logger, ITransferPace? pace = null, string snapshotId = "")
    {
        (_volumeId, _map, _service, _options, _time, _logger) = (volumeId, map, service, options, time, logger);
        _image = new RemoteImage(
            snapshotId.Length > 0 ? stop => _service.GetSnapshotImageAsync(snapshotId, stop) : _service.GetImageAsync, new TicketBlobSource(service, blobs, time, new HostsFirstPace(pace ?? Unpaced.Instance, HostsWaitAsync)))
        {
            ParallelReads = options.ParallelReads,
        };
    }

    /// <summary>Completes when every sector is in the store and the map says so durably.</summary>
    public Task Completion => _completed.Task;

    /// <summary>Bytes in the local store.</summary>
    public long PresentBytes => _map.PresentBytes;

    /// <summary>Why the last fetch failed; empty when it did not.</summary>
    public string Reason => _reason;

    /// <summary>Starts the background for the volume that was opened with this as its absent blocks.</summary>
    public void Start(LoggedVolume volume)
    {
        Volatile.Write(ref _volume, volume);
        // Opening, decrypting and storing take processors: hosts' requests, which have their own threads and the pool's, go first.
        _worker = TaskScheduler.Current is IOrderedScheduler ? null : new WorkerThread($"restore {_volumeId}", Niceness);
        _running = Task.Factory.StartNew(() => RunAsync(_stop.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _worker ?? TaskScheduler.Current).Unwrap();
    }

    /// <inheritdoc/>
    public bool IsPresent(long offset, long length)
    {
        if (_map.IsComplete)
            return true;
        for (var end = offset + length; offset < end; offset = BlockEnd(offset))
        {
            var wanted = MaskOf(offset, end);
            if ((_map.Mask(offset / BlockGeometry.BlockBytes) & wanted) != wanted)
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask EnsurePresentAsync(long offset, long length, CancellationToken cancellationToken)
    {
        lock (_hostsGate)
        {
            if (_waitingHosts++ == 0)
            {
                _hostsServed = StarterScheduler.NewSource();
                _hostsWait.TrySetResult();
            }
        }
        try
        {
            var since = _time.GetTimestamp();
            var delay = new RetryDelay(_options.FirstDelay, _options.LongestDelay, _options.Jitter);
            while (!IsPresent(offset, length))
            {
                var left = _options.FirstTouchTimeout - _time.GetElapsedTime(since);
                Exception failure;
                try
                {
                    await TouchAsync(offset, length).WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken);
                    continue;
                }
                catch (Exception error) when (!cancellationToken.IsCancellationRequested)
                {
                    failure = error;
                }
                var isLate = _time.GetElapsedTime(since) >= _options.FirstTouchTimeout;
                if (isLate || !IsTransient(failure) || _stop.IsCancellationRequested)
                {
                    var reason = isLate && _reason.Length > 0 ? _reason : failure.Message;
                    throw new BlockDeviceException(DeviceError.Io,
                        $"Volume '{_volumeId}' is being restored and bytes {offset} to {offset + length} could not be fetched: {reason}", failure);
                }
                NoteFailure(failure);
                await Task.Delay(delay.Next(), _time, cancellationToken);
            }
        }
        finally
        {
            lock (_hostsGate)
            {
                if (--_waitingHosts == 0)
                {
                    _hostsServed.TrySetResult();
                    _hostsWait = StarterScheduler.NewSource();
                }
            }
        }
    }

    /// <inheritdoc/>
    public void MarkWritten(long offset, long length)
    {
        for (var end = offset + length; offset < end; offset = BlockEnd(offset))
            _map.MarkWritten(offset / BlockGeometry.BlockBytes, MaskOf(offset, end));
    }

    /// <inheritdoc/>
    public void MarkStored(long offset, long length)
    {
        for (var end = offset + length; offset < end; offset = BlockEnd(offset))
        {
            if (_map.Mask(offset / BlockGeometry.BlockBytes) != ushort.MaxValue)
                _map.MarkFetched(offset / BlockGeometry.BlockBytes, MaskOf(offset, end));
        }
    }

    /// <inheritdoc/>
    public void SyncMarks() => _map.Sync();

    /// <summary>Stops fetching and settles what was fetched. Call before the volume is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        await StarterScheduler.CancelAsync(_stop);
        await _running;
        foreach (var touch in _touched.Values.ToArray())
            await touch.Value.ConfigureAwait(StarterScheduler.SuppressThrowing);
        try
        {
            await SettleAsync();
        }
        catch (Exception error)
        {
            // Nothing is lost: what was not settled is fetched again.
            NoteFailure(error);
        }
        _settling.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = new RetryDelay(_options.FirstDelay, _options.LongestDelay, _options.Jitter);
        using var thread = _worker;
        while (true)
        {
            try
            {
                if (await PassAsync(delay, cancellationToken))
                {
                    await SettleAsync();
                    _map.Complete();
                    _reason = "";
                    VolumeLog.Restored(_logger, _volumeId);
                    _completed.TrySetResult();
                    return;
                }
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                NoteFailure(error);
                if (error is DiskFaultException fault && !DeviceFaults.IsNoSpace(fault))
                    _volume!.Log.Stop(fault);
                if (_volume!.Failure is not null)
                    return;
            }
            try
            {
                await Task.Delay(delay.Next(), _time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Goes once over the image; true when nothing is absent any more. Blocks that turn out corrupt are left out and named.</summary>
    private async Task<bool> PassAsync(RetryDelay delay, CancellationToken cancellationToken)
    {
        var reader = await _image.OpenAsync(cancellationToken);
        CorruptDataException? corrupt = null;
        await Parallel.ForEachAsync(
            BatchesAsync(reader, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = _options.Workers, CancellationToken = cancellationToken, TaskScheduler = TaskScheduler.Current },
            async (batch, stop) =>
            {
                // A host that waits goes first.
                await _hostsServed.Task.WaitAsync(stop);
                try
                {
                    await FetchAsync(batch.First, batch.Count, stop);
                    delay.Reset();
                }
                catch (CorruptDataException error)
                {
                    corrupt = error;
                }
            });
        return corrupt is null ? _map.NextAbsent(0) < 0 : throw corrupt;
    }

    /// <summary>Runs of absent blocks that hold something; what lies between them is zero and is marked so.</summary>
    private async IAsyncEnumerable<(long First, int Count)> BatchesAsync(
        ImageReader reader, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long first = 0, next = 0;
        var count = 0;
        await foreach (var held in reader.EnumerateBlocksAsync(0, cancellationToken))
        {
            long block = held.Block;
            if (block >= _map.Blocks)
                break;
            _map.MarkZero(next, block - next);
            next = block + 1;
            if (_map.Mask(block) == ushort.MaxValue)
                continue;
            if (count > 0 && (block != first + count || count == _options.BatchBlocks))
            {
                yield return (first, count);
                count = 0;
            }
            first = count == 0 ? block : first;
            count++;
        }
        if (count > 0)
            yield return (first, count);
        _map.MarkZero(next, _map.Blocks - next);
    }

    // What the background has begun a host may need: while one waits, nothing of this volume is held back.
    private Task HostsWaitAsync() => _hostsWait.Task;

    /// <inheritdoc/>
    public async Task SettleAsync()
    {
        await _settling.WaitAsync();
        try
        {
            Interlocked.Exchange(ref _unsettledBytes, 0);
            var marks = _map.CollectFetched();
            if (marks.Count == 0)
                return;
            // Not on the background's thread, which has fetching to do meanwhile.
            await Task.Factory.StartNew(
                () =>
                {
                    _volume!.SyncStore();
                    _map.SettleFetched(marks);
                    _map.Sync();
                },
                CancellationToken.None, TaskCreationOptions.DenyChildAttach, _worker is null ? TaskScheduler.Current : TaskScheduler.Default);
        }
        finally
        {
            _settling.Release();
        }
    }

    private void NoteFailure(Exception error)
    {
        if (error is BlobNotFoundException)
            _image.Forget();
        // Damage does not pass by waiting: the code tells those who follow the restore.
        var reason = error is CorruptDataException ? $"{ErrorCodes.Corrupt}: {error.Message}" : error.Message;
        if (_reason == reason)
            return;
        _reason = reason;
        VolumeLog.FetchFailed(_logger, _volumeId, reason);
    }

    /// <summary>True for what passes by itself, so that trying again is worth it.</summary>
    internal static bool IsTransient(Exception error) =>
        error is TidegateException { IsTransient: true } or TidegateException { Code: ErrorCodes.TicketRefused } or TimeoutException;

    private static long BlockEnd(long offset) => (offset / BlockGeometry.BlockBytes + 1) * BlockGeometry.BlockBytes;

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
