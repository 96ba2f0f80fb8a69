using Tidegate.GatewayAgent.Disks;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// What volumes left in an agent's directory: all files of one that the service deleted, and the store and log that were put aside when the service's copy
/// of a diverged one was kept. The agent never removes them by itself: they may hold the only copy of something. It may run meanwhile.
/// </summary>
/// <param name="directory">The directory of volumes, <c>volumes/</c> of the state.</param>
internal sealed class LeftOvers(string directory)
{
    private const string AsideEnding = ".aside";

    /// <summary>All there are, by volume.</summary>
    /// <exception cref="IOException">There is no directory, or no configuration that would say which volumes the gateway has.</exception>
    /// <exception cref="InvalidDataException">The configuration cannot be read.</exception>
    public IReadOnlyList<LeftOver> List()
    {
        if (!Directory.Exists(directory)) throw new IOException($"There is no directory of volumes '{directory}'.");
        var configuration = new ConfigurationStore(new LinuxDisk(directory)).Load()
            ?? throw new IOException($"'{directory}' has no configuration of the service's yet: nothing says which volumes the gateway has, and so which files are left over.");
        var known = configuration.Volumes.Select(static volume => volume.VolumeId).ToHashSet();
        return
        [
            .. Directory.EnumerateDirectories(directory).Select(static path => Path.GetFileName(path)).Where(static id => ResourceId.IsValid(ResourceKind.Volume, id))
                .Order(StringComparer.Ordinal).Select(id => known.Contains(id) ? Aside(id) : Whole(id)).OfType<LeftOver>(),
        ];
    }

    /// <summary>Removes what <see cref="List"/> says of a volume, durably; false when it says nothing of it.</summary>
    /// <exception cref="DiskFaultException">A file is in use, or cannot be removed. What was removed before it is gone.</exception>
    public bool Remove(string volumeId)
    {
        if (List().FirstOrDefault(one => one.VolumeId == volumeId) is not { } left) return false;
        var path = Path.Combine(directory, volumeId);
        var disk = new LinuxDisk(path);
        // An agent that has just been given the volume again holds its files.
        var held = new List<IDiskFile>();
        try
        {
            foreach (var file in left.Files) held.Add(disk.Open(file));
            foreach (var file in left.Files) disk.Delete(file);
            disk.SyncDirectory();
        }
        finally
        {
            held.ForEach(static file => file.Dispose());
        }

        if (disk.List().Count > 0) return true;
        Directory.Delete(path);
        new LinuxDisk(directory).SyncDirectory();
        return true;
    }

    private LeftOver? Whole(string volumeId) => Of(volumeId, "no volume of this gateway any more", static _ => true);

    private LeftOver? Aside(string volumeId) =>
        // While a decision is being carried out it is not known what it puts aside.
        File.Exists(Path.Combine(directory, volumeId, DivergenceEnd.FileName)) ? null
            : Of(volumeId, "put aside when the service's copy was kept", static name => name.EndsWith(AsideEnding, StringComparison.Ordinal));

    private LeftOver? Of(string volumeId, string why, Func<string, bool> isLeft)
    {
        var files = new DirectoryInfo(Path.Combine(directory, volumeId)).EnumerateFiles().Where(file => isLeft(file.Name)).OrderBy(static file => file.Name, StringComparer.Ordinal).ToList();
        return files.Count > 0 ? new LeftOver(volumeId, why, [.. files.Select(static file => file.Name)], files.Sum(static file => file.Length)) : null;
    }
}
