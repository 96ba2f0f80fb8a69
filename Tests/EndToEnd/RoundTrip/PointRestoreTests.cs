using System.Globalization;
using System.Text.Json.Nodes;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>A mistake is undone that nobody took a snapshot before: the volume as it was at an earlier commit, at another gateway.</summary>
public sealed class PointRestoreTests(SharedService shared)
{
    private const string Here = "points-here";
    private const string There = "points-there";

    [Fact]
    public async Task I13_A_volume_is_restored_from_a_commit_that_no_snapshot_was_taken_of()
    {
        var deployment = await shared.DeploymentAsync();
        var first = await deployment.ActivatedAgentAsync(Here);
        var second = await deployment.ActivatedAgentAsync(There);
        var volume = await deployment.VolumeAsync(first, "points", "48MiB");
        var image = Path.Combine(deployment.Folder, "points-before.img");
        await TestImage.CreateAsync(image, 48 << 20, seed: 11);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri(Here, "points")])).Succeeded();
        await deployment.CliOkAsync("snapshots", "create", volume, "--wait");
        var good = (await ListAsync(deployment, "points", "list", volume))[^1]!;

        (await ProgramRunner.RunAsync(Repository.Tool("qemu-io"),
            ["-f", "raw", "-c", "write -P 0xee 0 8M", "-c", "discard 8M 8M", "-c", "flush", deployment.NbdUri(Here, "points")])).Succeeded();
        await deployment.CliOkAsync("snapshots", "create", volume, "--wait");
        foreach (var snapshot in await ListAsync(deployment, "snapshots", "list", "--volume", volume))
            await deployment.CliOkAsync("snapshots", "delete", (string)snapshot!["snapshotId"]!, "--yes");

        await deployment.CliOkAsync(
            "restore", "--volume", volume, "--at", (string)good["committedAt"]!, "--gateway", second, "--name", "by-time", "--wait");
        var kept = await deployment.CliOkAsync("snapshots", "create", volume, "--sequence", ((long)good["sequence"]!).ToString(CultureInfo.InvariantCulture));
        Assert.Equal("completed", (string?)kept["state"]);
        await deployment.CliOkAsync("restore", (string)kept["snapshotId"]!, "--gateway", second, "--name", "by-snapshot", "--wait");
        foreach (var name in (string[])["by-time", "by-snapshot"])
        {
            var copy = Path.Combine(deployment.Folder, name);
            (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), [deployment.NbdUri(There, name), copy])).Succeeded();
            Assert.Equal(await TestImage.HashAsync(image), await TestImage.HashAsync(copy));
        }
    }

    private static async Task<JsonArray> ListAsync(Deployment deployment, params string[] arguments) =>
        JsonNode.Parse((await deployment.CliAsync(arguments)).Succeeded().Output)!.AsArray();
}
