namespace Tidegate.Tests.Kit.Processes;

/// <summary>A block device of the kernel's over a file: what an agent sees of a disk. Needs root and a kernel with loop devices.</summary>
public sealed class LoopDevice : IAsyncDisposable
{
    private readonly string _file;

    private LoopDevice(string file, string path) => (_file, Path) = (file, path);

    /// <summary>The device.</summary>
    public string Path { get; }

    /// <summary>Why there can be none here, for a test that is skipped; null when there can.</summary>
    public static string? Unavailable =>
        !Environment.IsPrivilegedProcess ? "Loop devices need root."
        : !File.Exists("/dev/loop-control") ? "This machine's kernel has no loop devices: there is no /dev/loop-control."
        : null;

    /// <summary>A device over a new file.</summary>
    public static async Task<LoopDevice> CreateAsync(string file, long sizeBytes)
    {
        await using (var content = new FileStream(file, FileMode.CreateNew)) content.SetLength(sizeBytes);
        var path = (await ProgramRunner.RunAsync(Repository.Tool("losetup"), ["--find", "--show", file])).Succeeded().Output.Trim();
        return new LoopDevice(file, path);
    }

    /// <summary>Enlarges it, as a disk of a storage array is, in use or not.</summary>
    public async Task GrowAsync(long sizeBytes)
    {
        await using (var content = new FileStream(_file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) content.SetLength(sizeBytes);
        (await ProgramRunner.RunAsync(Repository.Tool("losetup"), ["--set-capacity", Path])).Succeeded();
    }

    public async ValueTask DisposeAsync() => (await ProgramRunner.RunAsync(Repository.Tool("losetup"), ["--detach", Path])).Succeeded();
}
