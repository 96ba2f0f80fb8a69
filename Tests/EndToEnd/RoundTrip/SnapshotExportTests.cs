using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>Snapshots read over NBD where the volume is, by clients that others wrote (docs/protocols/nbd.md, Snapshots).</summary>
public sealed class SnapshotExportTests
{
    [Fact]
    public async Task A_snapshot_is_read_beside_its_volume_and_never_changes()
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site-a");
        var volume = await deployment.VolumeAsync(gateway, "data", "64MiB");
        var image = Path.Combine(deployment.Folder, "fs.img");
        await TestImage.CreateAsync(image, 64 << 20, seed: 17);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri("site-a", "data")])).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        (await deployment.QemuIoAsync("site-a", "data", "write -P 0xee 0 8M", "flush")).Succeeded();

        var export = $"data@{snapshot}";
        var copy = Path.Combine(deployment.Folder, "copy.img");
        Assert.Equal(await TestImage.HashAsync(image), await deployment.CopyAsync("site-a", export, copy));
        var info = (await ProgramRunner.RunAsync(Repository.Tool("nbdinfo"), ["--json", deployment.NbdUri("site-a", export)])).Succeeded().Json["exports"]![0]!;
        Assert.True((bool)info["is_read_only"]!);
        Assert.Equal(64 << 20, (long)info["export-size"]!);
        Assert.Contains("identical", (await ProgramRunner.RunAsync(
            Repository.Tool("qemu-img"), ["compare", "-f", "raw", "-F", "raw", image, deployment.NbdUri("site-a", export)])).Succeeded().Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await deployment.QemuIoAsync("site-a", export, "write 0 512")).ExitCode);
        Assert.NotEqual(0, (await ProgramRunner.RunAsync(Repository.Tool("nbdinfo"), [deployment.NbdUri("site-a", "data@snap-00000000000000000000")])).ExitCode);
    }
}
