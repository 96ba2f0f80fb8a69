using System.Diagnostics.CodeAnalysis;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>The sessions that use one volume: hands out leases until revoked, then says when the last came back.</summary>
internal sealed class ExportLeases(IBlockDevice device) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _revoked = new();
    private readonly TaskCompletionSource _empty = StarterScheduler.NewSource();
    private int _held;
    private bool _closed;

    /// <summary>What sessions use; it counts what goes through them.</summary>
    public MeteredDevice Meter { get; } = new(device);

    /// <summary>False once revoked.</summary>
    public bool TryTake(ExportDescription export, [NotNullWhen(true)] out IExportLease? lease)
    {
        lock (_gate)
        {
            lease = _closed ? null : new Lease(this, export, Meter, _revoked.Token);
            _held += _closed ? 0 : 1;
            return !_closed;
        }
    }

    /// <summary>Tells every session to close, and waits for them as long as the limit allows. True when all did.</summary>
    public async Task<bool> RevokeAsync(TimeSpan limit, TimeProvider time)
    {
        lock (_gate)
        {
            _closed = true;
            if (_held == 0)
                _empty.TrySetResult();
        }
        await StarterScheduler.CancelAsync(_revoked);
        try
        {
            await _empty.Task.WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose() => _revoked.Dispose();

    private void GiveBack()
    {
        lock (_gate)
        {
            if (--_held == 0 && _closed)
                _empty.TrySetResult();
        }
    }

    private sealed class Lease(ExportLeases owner, ExportDescription export, IBlockDevice device, CancellationToken revoked) : IExportLease
    {
        private int _returned;

        public ExportDescription Export => export;
        public IBlockDevice Device => device;
        public CancellationToken Revoked => revoked;

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
                owner.GiveBack();
            return ValueTask.CompletedTask;
        }
    }
}
