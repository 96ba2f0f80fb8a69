using System.Diagnostics.CodeAnalysis;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.Tests.Kit.Nbd;

/// <summary>Exports over devices that a test owns, with leases that can be counted and revoked.</summary>
internal sealed class FixedExports(params (string Name, IBlockDevice Device)[] devices) : IExportSource
{
    private readonly CancellationTokenSource _revoked = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _idle = Completed();
    private int _leases;

    public event EventHandler? Changed;

    /// <summary>Completes when no lease is held.</summary>
    public Task Idle
    {
        get
        {
            lock (_gate)
                return _idle.Task;
        }
    }

    public IReadOnlyList<ExportDescription> List() =>
        [.. devices.Select(d => Describe(d.Name, d.Device)).OrderBy(d => d.Name, StringComparer.Ordinal)];

    public bool TryOpen(string name, [NotNullWhen(true)] out IExportLease? lease)
    {
        lease = null;
        foreach (var (candidate, device) in devices)
        {
            if (candidate != name)
                continue;
            lock (_gate)
            {
                if (_leases++ == 0)
                    _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            lease = new Lease(this, Describe(candidate, device), device);
        }
        return lease is not null;
    }

    /// <summary>Takes every export out of service.</summary>
    public void Revoke()
    {
        _revoked.Cancel();
        Changed?.Invoke(this, EventArgs.Empty);
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private static ExportDescription Describe(string name, IBlockDevice device) => new($"vol-{name}", name, device.SizeBytes, device.IsReadOnly);

    private void Return()
    {
        lock (_gate)
        {
            if (--_leases == 0)
                _idle.SetResult();
        }
    }

    private sealed class Lease(FixedExports source, ExportDescription export, IBlockDevice device) : IExportLease
    {
        public ExportDescription Export => export;

        public IBlockDevice Device => device;

        public CancellationToken Revoked => source._revoked.Token;

        public ValueTask DisposeAsync()
        {
            source.Return();
            return ValueTask.CompletedTask;
        }
    }
}
