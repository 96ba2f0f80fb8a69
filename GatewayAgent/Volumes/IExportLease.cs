using Tidegate.GatewayAgent.Devices;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// One session's use of an export. Disposing gives it back and never disposes the device, which belongs to the volume.
/// </summary>
internal interface IExportLease : IAsyncDisposable
{
    ExportDescription Export { get; }

    /// <summary>The device; usable until <see cref="Revoked"/> fires, failing with <see cref="DeviceError.ShuttingDown"/> afterwards.</summary>
    IBlockDevice Device { get; }

    /// <summary>
    /// Fires when the volume stops being served: the session answers what is in flight, closes, and disposes the lease. The
    /// volume waits a bounded time for that before it closes its files.
    /// </summary>
    CancellationToken Revoked { get; }
}
