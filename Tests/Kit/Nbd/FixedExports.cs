using System.Diagnostics.CodeAnalysis;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.Tests.Kit.Nbd;

/// <summary>Exports over devices that a test owns, added and removed by it, with leases that can be counted.</summary>
internal sealed class FixedExports : IExportSource
{
    private readonly SortedDictionary<string, (IBlockDevice Device, CancellationTokenSource Revoked)> _exports = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private TaskCompletionSource _idle = Completed();
    private int _leases;

    public FixedExports(params (string Name, IBlockDevice Device)[] devices)
    {
        foreach (var (name, device) in devices)
            Add(name, device);
    }

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

    public IReadOnlyList<ExportDescription> List()
    {
        lock (_gate)
            return [.. _exports.Select(e => Describe(e.Key, e.Value.Device))];
    }

    public bool TryOpen(string name, [NotNullWhen(true)] out IExportLease? lease)
    {
        lock (_gate)
        {
            lease = null;
            if (!_exports.TryGetValue(name, out var export))
                return false;
            if (_leases++ == 0)
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lease = new Lease(this, Describe(name, export.Device), export.Device, export.Revoked.Token);
            return true;
        }
    }

    public void Add(string name, IBlockDevice device)
    {
        lock (_gate)
            _exports.Add(name, (device, new CancellationTokenSource()));
        Changed?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>Takes an export out of service, as a volume that is detached.</summary>
    public void Remove(string name)
    {
        CancellationTokenSource revoked;
        lock (_gate)
        {
            revoked = _exports[name].Revoked;
            _exports.Remove(name);
        }
        revoked.Cancel();
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

    private sealed class Lease(FixedExports source, ExportDescription export, IBlockDevice device, CancellationToken revoked) : IExportLease
    {
        public ExportDescription Export => export;

        public IBlockDevice Device => device;

        public CancellationToken Revoked => revoked;

        public ValueTask DisposeAsync()
        {
            source.Return();
            return ValueTask.CompletedTask;
        }
    }
}
