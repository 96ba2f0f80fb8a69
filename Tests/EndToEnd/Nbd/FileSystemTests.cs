using Tidegate.Tests.Kit.Nbd;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Nbd;

/// <summary>File systems are made, filled and found sound on a volume, by their own programs through a FUSE mount of the export.</summary>
public sealed class FileSystemTests : IAsyncLifetime
{
    // mkfs.xfs makes none below 300 MiB.
    private const long SizeBytes = 320L << 20;
    private const int Files = 12;

    private ServedVolume _volume = null!;

    public async ValueTask InitializeAsync() => _volume = await ServedVolume.StartAsync(SizeBytes, hasWriteLog: true);

    public ValueTask DisposeAsync() => _volume.DisposeAsync();

    [Fact]
    public async Task Ext4_is_made_filled_and_sound_and_its_files_come_out_again()
    {
        var files = await FilesAsync();
        await using (var export = await MountedExport.MountAsync(_volume.UnixUri))
        {
            await RunAsync("mkfs.ext4", "-q", "-F", "-d", files, export.Path);
            await RunAsync("e2fsck", "-f", "-n", export.Path);
        }

        // Over another connection, from what the volume holds.
        await using (var export = await MountedExport.MountAsync(_volume.TcpUri))
        {
            await RunAsync("e2fsck", "-f", "-n", export.Path);
            var copied = Directory.CreateDirectory(_volume.PathOf("copied")).FullName;
            await RunAsync("debugfs", "-R", $"rdump / {copied}", export.Path);
            foreach (var file in Directory.GetFiles(files)) await RunAsync("cmp", file, Path.Combine(copied, Path.GetFileName(file)));
            Assert.Equal(Files, Directory.GetFiles(copied).Length);
        }
    }

    [Fact]
    public async Task Xfs_is_made_filled_and_sound_and_damage_to_it_is_found()
    {
        var files = await FilesAsync();
        // mkfs.xfs fills it from a prototype (xfsprogs, mkfs.xfs -p).
        var prototype = _volume.PathOf("prototype");
        await File.WriteAllLinesAsync(prototype,
        [
            "/", "0 0", "d--755 0 0", .. Directory.GetFiles(files).Select(file => $"{Path.GetFileName(file)} ---644 0 0 {file}"), "$",
        ]);
        await using (var export = await MountedExport.MountAsync(_volume.UnixUri))
        {
            await RunAsync("mkfs.xfs", "-q", "-f", "-p", prototype, export.Path);
        }

        await using (var export = await MountedExport.MountAsync(_volume.TcpUri))
        {
            await RunAsync("xfs_repair", "-n", "-f", export.Path);
            foreach (var file in new DirectoryInfo(files).GetFiles())
            {
                var found = await RunAsync("xfs_db", "-r", "-f", "-c", $"path /{file.Name}", "-c", "print core.size", export.Path);
                Assert.Equal($"core.size = {file.Length}", found.Output.Trim());
            }
        }

        // The check would find what is wrong: the primary superblock is gone.
        (await ProgramRunner.RunAsync(Repository.Tool("qemu-io"), ["-f", "raw", "-c", "write -P 0x5a 0 4k", _volume.TcpUri])).Succeeded();
        await using (var export = await MountedExport.MountAsync(_volume.TcpUri))
        {
            Assert.NotEqual(0, (await ProgramRunner.RunAsync(Repository.Tool("xfs_repair"), ["-n", "-f", export.Path])).ExitCode);
        }
    }

    private async Task<string> FilesAsync()
    {
        var folder = Directory.CreateDirectory(_volume.PathOf("files")).FullName;
        var random = new Random(23);
        for (var n = 0; n < Files; n++)
        {
            var content = new byte[random.Next(1, 1 << 20)];
            random.NextBytes(content);
            await File.WriteAllBytesAsync(Path.Combine(folder, $"file-{n}"), content);
        }

        return folder;
    }

    private static async Task<ProgramResult> RunAsync(string tool, params string[] arguments) =>
        (await ProgramRunner.RunAsync(Repository.Tool(tool), arguments)).Succeeded();
}
