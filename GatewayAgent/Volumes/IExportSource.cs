using System.Diagnostics.CodeAnalysis;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// The volumes that front ends may serve now, by name: what an NBD server lists and opens. Thread-safe; a snapshot of the
/// list is immutable. The volume manager implements it; a front end knows nothing else about volumes.
/// </summary>
internal interface IExportSource
{
    /// <summary>Exports in ordinal order of name. Only volumes that can serve I/O are among them.</summary>
    IReadOnlyList<ExportDescription> List();

    /// <summary>
    /// Opens an export by its exact name. The caller disposes the lease when its session ends; many leases of one export
    /// may be held at once (multi-conn). <c>VOLUME@SNAPSHOT</c> opens a snapshot, read-only; that asks the service and may take
    /// seconds, and snapshots are not listed. False: there is no such export.
    /// </summary>
    /// <exception cref="ExportException">There is one, and it cannot be opened now.</exception>
    bool TryOpen(string name, [NotNullWhen(true)] out IExportLease? lease);

    /// <summary>Raised, on any thread and with no lock held, after the list has changed.</summary>
    event EventHandler? Changed;
}
