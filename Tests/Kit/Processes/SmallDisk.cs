namespace Tidegate.Tests.Kit.Processes;

/// <summary>A file system of its own that is soon full, mounted on a folder: a tmpfs, which lasts over the death of whoever uses it. Needs root, as to mount does.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    /// <summary>Mounts it, empty, on a folder that is made.</summary>
    public static async Task<SmallDisk> MountAsync(string folder, long sizeBytes)
    {
        Directory.CreateDirectory(folder);
        (await ProgramRunner.RunAsync(Repository.Tool("mount"), ["-t", "tmpfs", "-o", $"size={sizeBytes},mode=0700", "tidegate-test", folder])).Succeeded();
        return new SmallDisk(folder);
    }

    /// <summary>Bytes that are free.</summary>
    public long FreeBytes => new DriveInfo(_folder).AvailableFreeSpace;

    /// <summary>Makes room, or takes what is free away.</summary>
    public async Task ResizeAsync(long sizeBytes) =>
        (await ProgramRunner.RunAsync(Repository.Tool("mount"), ["-o", $"remount,size={sizeBytes}", _folder])).Succeeded();

    public async ValueTask DisposeAsync() => (await ProgramRunner.RunAsync(Repository.Tool("umount"), ["--lazy", _folder])).Succeeded();
}
