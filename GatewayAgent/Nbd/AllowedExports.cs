using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>What one client sees of the exports: those that it may use. Others do not exist for it, in lists as in answers.</summary>
internal sealed class AllowedExports(IExportSource inner, NbdAccess access, Func<X509Certificate2?> client) : IExportSource
{
    public event EventHandler? Changed
    {
        add => inner.Changed += value;
        remove => inner.Changed -= value;
    }

    public IReadOnlyList<ExportDescription> List() => [.. inner.List().Where(export => access.Allows(export.Name, client()))];

    public bool TryOpen(string name, [NotNullWhen(true)] out IExportLease? lease)
    {
        lease = null;
        return access.Allows(name, client()) && inner.TryOpen(name, out lease);
    }
}
