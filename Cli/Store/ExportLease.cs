using System.Security.Cryptography;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Store;

/// <summary>
/// A lease on the snapshot that is exported (<c>docs/formats/reclaim.md</c>, Leases), kept through the service until the export ends. When it cannot
/// be renewed the export goes on: what it still needs stays for the service's grace at least.
/// </summary>
internal sealed class ExportLease : IAsyncDisposable
{
    private static readonly TimeSpan RenewEvery = TimeSpan.FromMinutes(10);

    private readonly TidegateRestClient _client;
    private readonly string _snapshotId;
    private readonly string _leaseId = "export-" + RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly Action<string> _note;
    private readonly CancellationTokenSource _stop = new();
    private Task _renewing = Task.CompletedTask;

    private ExportLease(TidegateRestClient client, string snapshotId, Action<string> note) => (_client, _snapshotId, _note) = (client, snapshotId, note);

    /// <summary>Takes the lease: before the bucket is looked at, so that what is found there is held.</summary>
    public static async Task<ExportLease> TakeAsync(
        TidegateRestClient client, string snapshotId, Action<string> note, TimeProvider time, CancellationToken cancellationToken)
    {
        var lease = new ExportLease(client, snapshotId, note);
        await client.LeaseSnapshotAsync(snapshotId, lease._leaseId, cancellationToken);
        lease._renewing = lease.RenewAsync(time);
        return lease;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewing;
        _stop.Dispose();
        try
        {
            await _client.EndSnapshotLeaseAsync(_snapshotId, _leaseId);
        }
        catch (TidegateException error)
        {
            _note($"The lease {_leaseId} could not be given back ({error.Message}) and runs out by itself.");
        }
    }

    private async Task RenewAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(RenewEvery, time);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(_stop.Token);
                await _client.LeaseSnapshotAsync(_snapshotId, _leaseId, _stop.Token);
            }
            catch (TidegateException error)
            {
                _note($"The lease on {_snapshotId} could not be renewed: {error.Message}");
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The export has ended.
            }
        }
    }
}
