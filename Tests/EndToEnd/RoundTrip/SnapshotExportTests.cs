using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>Snapshots read over NBD where the volume is, by clients that others wrote (docs/protocols/nbd.md, Snapshots).</summary>
public sealed class SnapshotExportTests(SharedService shared)
{
    [Fact]
    public async Task A_snapshot_is_read_beside_its_volume_and_never_changes()
    {
        const string Agent = "exporting";
        var deployment = await shared.DeploymentAsync();
        var gateway = await deployment.ActivatedAgentAsync(Agent);
        var volume = await deployment.VolumeAsync(gateway, "exported", "64MiB");
        var image = Path.Combine(deployment.Folder, "exported.img");
        await TestImage.CreateAsync(image, 64 << 20, seed: 17);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri(Agent, "exported")])).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        (await deployment.QemuIoAsync(Agent, "exported", "write -P 0xee 0 8M", "flush")).Succeeded();

        var export = $"exported@{snapshot}";
        var copy = Path.Combine(deployment.Folder, "exported-copy.img");
        Assert.Equal(await TestImage.HashAsync(image), await deployment.CopyAsync(Agent, export, copy));
        var info = (await ProgramRunner.RunAsync(Repository.Tool("nbdinfo"), ["--json", deployment.NbdUri(Agent, export)])).Succeeded().Json["exports"]![0]!;
        Assert.True((bool)info["is_read_only"]!);
        Assert.Equal(64 << 20, (long)info["export-size"]!);
        Assert.Contains("identical", (await ProgramRunner.RunAsync(
            Repository.Tool("qemu-img"), ["compare", "-f", "raw", "-F", "raw", image, deployment.NbdUri(Agent, export)])).Succeeded().Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await deployment.QemuIoAsync(Agent, export, "write 0 512")).ExitCode);
        Assert.NotEqual(0, (await ProgramRunner.RunAsync(Repository.Tool("nbdinfo"), [deployment.NbdUri(Agent, "exported@snap-00000000000000000000")])).ExitCode);
    }
}
