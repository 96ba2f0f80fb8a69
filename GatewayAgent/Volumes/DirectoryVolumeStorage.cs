using Tidegate.GatewayAgent.Disks;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>Volumes in one directory: <c>configuration.json</c>, and a directory a volume.</summary>
internal sealed class DirectoryVolumeStorage(string directory) : IVolumeStorage
{
    public IDisk OpenRoot() => new LinuxDisk(directory);

    public IDisk OpenVolume(string volumeId)
    {
        // The id becomes a file name: whatever the service sends, it stays inside the directory.
        if (!ResourceId.IsValid(ResourceKind.Volume, volumeId))
            throw new ArgumentException($"'{volumeId}' is no volume id.", nameof(volumeId));
        var disk = new LinuxDisk(Path.Combine(directory, volumeId));
        new LinuxDisk(directory).SyncDirectory();
        return disk;
    }
}
