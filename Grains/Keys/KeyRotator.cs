using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Records;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Keys;

/// <summary>
/// Rotates account keys outside the grains' turns. Every step may be repeated: a rotation that a silo's end broke off is begun again by the
/// account's wake shard, and goes on. The old key is retired after a pass over all volumes that found nothing wrapped by it.
/// </summary>
internal sealed partial class KeyRotator(
    IGrainFactory grains, IBlobStore blobs, IKeyProvider keys, RecordArchive records, ILoggerFactory loggers) : IAsyncDisposable
{
    private const int MaxPasses = 16;

    private readonly ILogger _log = loggers.CreateLogger("Tidegate.Grains.KeyRotator");
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Task> _running = [];

    /// <summary>Rotates an account's key in the background, unless that is under way here.</summary>
    public void TryStart(string accountId)
    {
        var started = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_running.TryAdd(accountId, started.Task)) return;
        // A task of its own, so that nothing of it runs in a grain's turn.
        started.SetResult(Task.Run(() => RunAsync(accountId)));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var running in _running.Values.OfType<Task<Task>>()) await await running;
        _stop.Dispose();
    }

    private async Task RunAsync(string accountId)
    {
        ServiceCaller.Act();
        try
        {
            await keys.RotateAsync(accountId, _stop.Token);
            await FinishAsync(accountId, await RewrapAsync(accountId));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The silo stops; the account's wake shard asks another.
        }
        catch (Exception failure)
        {
            LogFailed(_log, failure, accountId);
        }
        finally
        {
            _running.TryRemove(accountId, out _);
        }
    }

    /// <summary>Passes over everything until one finds nothing to do; how many volumes there are.</summary>
    private async Task<int> RewrapAsync(string accountId)
    {
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var rewrapped = await records.RewrapAsync(accountId, _stop.Token);
            var volumes = 0;
            await foreach (var (lineage, _) in new Bucket(blobs, keys).ListVolumesAsync(accountId, _stop.Token))
            {
                rewrapped += await grains.GetGrain<IVolumeKeyring>(lineage.VolumeId).RewrapKeys();
                volumes++;
            }

            if (rewrapped == 0) return volumes;
        }

        throw new InvalidOperationException($"Keys of account {accountId} go on being wrapped by its old key. Check that every silo uses the same key provider.");
    }

    private async Task FinishAsync(string accountId, int volumes)
    {
        await keys.RetireAsync(accountId, _stop.Token);
        await grains.GetGrain<IRotatesKey>(accountId).KeyRotated(volumes);
        LogRotated(_log, accountId, volumes);
    }

    [LoggerMessage(151, LogLevel.Warning, "Rotating the key of account {Account} failed; it is tried again")]
    private static partial void LogFailed(ILogger log, Exception failure, string account);

    [LoggerMessage(152, LogLevel.Information, "The key of account {Account} is rotated; {Volumes} volumes were looked at")]
    private static partial void LogRotated(ILogger log, string account, int volumes);
}
