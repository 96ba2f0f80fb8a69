using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>Where an agent keeps its volumes: <c>volumes/</c> of the state directory, or the simulator's.</summary>
internal interface IVolumeStorage
{
    /// <summary>Files that concern all volumes.</summary>
    IDisk OpenRoot();

    /// <summary>The directory of one volume, created durably when it is missing.</summary>
    IDisk OpenVolume(string volumeId);
}
