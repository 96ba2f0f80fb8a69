using System.Diagnostics.CodeAnalysis;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// The snapshots of one volume that sessions read. All sessions of a snapshot share one device; it is given up a while
/// after the last of them, so that what it knows of a snapshot is never old for long.
/// </summary>
internal sealed class SnapshotExports(string volumeId, VolumeEnvironment environment) : IDisposable
{
    /// <summary>Snapshots open at once: each may keep 32 MiB.</summary>
    public const int MaxOpen = 16;

    private const long SegmentCacheBytes = 16L << 20;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Opened> _opened = new(StringComparer.Ordinal);
    // Never disposed: sessions that close late still ask it.
#pragma warning disable CA2213
    private readonly CancellationTokenSource _revoked = new();
#pragma warning restore CA2213
    private bool _closed;

    /// <summary>Opens a snapshot; false when the volume has none of that id. Waits for the service.</summary>
    /// <exception cref="ExportException">It cannot be opened now.</exception>
    public bool TryOpen(string snapshotId, string exportName, [NotNullWhen(true)] out IExportLease? lease)
    {
        lease = null;
        if (!TryHold(snapshotId, exportName, out var opened))
            return false;
        try
        {
            var device = opened.Device.Value.GetAwaiter().GetResult();
            lease = new Lease(this, opened, new ExportDescription(volumeId, exportName, device.SizeBytes, IsReadOnly: true), device);
            return true;
        }
        catch (Exception failure)
        {
            LetGo(opened, hasFailed: true);
            if (failure is TidegateException { Code: ErrorCodes.NotFound })
                return false;
            throw new ExportException($"snapshot '{snapshotId}' cannot be opened now: {failure.Message}");
        }
    }

    /// <summary>Asks every session of a snapshot to close.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            foreach (var opened in _opened.Values)
                opened.Idle?.Dispose();
            _opened.Clear();
        }
        _revoked.Cancel();
    }

    private bool TryHold(string snapshotId, string exportName, [NotNullWhen(true)] out Opened? opened)
    {
        lock (_gate)
        {
            opened = null;
            if (_closed)
                return false;
            if (!_opened.TryGetValue(snapshotId, out opened))
            {
                if (_opened.Count >= MaxOpen && _opened.Values.FirstOrDefault(static o => o.Held == 0) is { } idle)
                    Forget(idle);
                if (_opened.Count >= MaxOpen)
                    throw new ExportException($"{MaxOpen} snapshots of the volume are open, which is the limit");
                opened = new Opened(snapshotId, new Lazy<Task<SnapshotDevice>>(() => Task.Run(() => OpenAsync(snapshotId, exportName))));
                _opened.Add(snapshotId, opened);
            }
            opened.Held++;
            opened.Idle?.Dispose();
            opened.Idle = null;
            return true;
        }
    }

    private async Task<SnapshotDevice> OpenAsync(string snapshotId, string exportName)
    {
        var service = environment.ServiceOf(volumeId);
        var image = new RemoteImage(
            cancellation => service.GetSnapshotImageAsync(snapshotId, cancellation),
            new TicketBlobSource(service, environment.Blobs, environment.Time),
            SegmentCacheBytes);
        var options = environment.Options;
        using var limit = new CancellationTokenSource(options.SnapshotOpenTimeout, environment.Time);
        var delay = new RetryDelay(options.Hydration.FirstDelay, options.Hydration.LongestDelay);
        var reason = "the service did not answer in time";
        while (!limit.IsCancellationRequested)
        {
            try
            {
                var reader = await image.OpenAsync(limit.Token);
                return new SnapshotDevice(exportName, image, reader.SizeBytes, options.Hydration, environment.Time);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                // The last reason is the one to tell.
            }
            catch (Exception failure) when (Hydrator.IsTransient(failure))
            {
                reason = failure.Message;
                await Task.Delay(delay.Next(), environment.Time, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        throw new TimeoutException(reason);
    }

    private void LetGo(Opened opened, bool hasFailed)
    {
        lock (_gate)
        {
            opened.Held--;
            if (hasFailed)
                Forget(opened);
            else if (opened.Held == 0 && !_closed)
                opened.Idle = environment.Time.CreateTimer(_ => GiveUp(opened), null, environment.Options.SnapshotIdleTime, Timeout.InfiniteTimeSpan);
        }
    }

    private void GiveUp(Opened opened)
    {
        lock (_gate)
        {
            if (opened.Held == 0)
                Forget(opened);
        }
    }

    private void Forget(Opened opened)
    {
        opened.Idle?.Dispose();
        opened.Idle = null;
        if (_opened.GetValueOrDefault(opened.SnapshotId) == opened)
            _opened.Remove(opened.SnapshotId);
    }

    private sealed class Opened(string snapshotId, Lazy<Task<SnapshotDevice>> device)
    {
        public string SnapshotId => snapshotId;
        public Lazy<Task<SnapshotDevice>> Device => device;
        public int Held { get; set; }
        public ITimer? Idle { get; set; }
    }

    private sealed class Lease(SnapshotExports owner, Opened opened, ExportDescription export, IBlockDevice device) : IExportLease
    {
        private int _returned;

        public ExportDescription Export => export;
        public IBlockDevice Device => device;
        public CancellationToken Revoked => owner._revoked.Token;

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
                owner.LetGo(opened, hasFailed: false);
            return ValueTask.CompletedTask;
        }
    }
}
