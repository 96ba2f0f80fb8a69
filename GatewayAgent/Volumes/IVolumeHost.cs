using Tidegate.GatewayAgent.Link;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>The agent's volumes as its process runs them: opened at the start with no service in sight, served, managed, closed at the end.</summary>
internal interface IVolumeHost : IGatewayVolumes, IAsyncDisposable
{
    /// <summary>What front ends serve.</summary>
    IExportSource Exports { get; }

    /// <summary>Opens the volumes of the stored configuration. A volume that cannot be opened is reported in its status and stops nothing else.</summary>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Syncs and closes every volume; what is acknowledged is durable when it returns.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}
