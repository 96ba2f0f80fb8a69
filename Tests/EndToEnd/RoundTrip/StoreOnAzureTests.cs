using System.Text.Json.Nodes;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary><c>Tidegate.Silo store</c> on a bucket in Azure that is in use, and on one whose service and agent were killed.</summary>
public sealed class StoreOnAzureTests
{
    private const int ImageBytes = 48 << 20;
    private const long Region = 16L << 20;

    [Fact]
    public async Task I13_Under_load_and_after_a_crash_the_bucket_verifies_and_exports_equal_restores()
    {
        await using var azurite = await AzuriteServer.StartAsync();
        await using var deployment = await Deployment.StartAsync(azurite.SiloSettings());
        var gateway = await deployment.ActivatedAgentAsync("site");
        var other = await deployment.ActivatedAgentAsync("other");
        var volume = await deployment.VolumeAsync(gateway, "data", "64MiB");
        var uri = deployment.NbdUri("site", "data");
        var image = Path.Combine(deployment.Folder, "fs.img");
        await TestImage.CreateAsync(image, ImageBytes, seed: 29);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, uri])).Succeeded();
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, ImageBytes, Region, seed: 43, isBounded: true);
        await writer.MoreAsync(500);
        var before = JournalledWriter.Now;
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        var after = JournalledWriter.Now;

        // The writer goes on meanwhile.
        Assert.True((bool)(await StoreAsync(deployment, "verify"))["isSound"]!);
        var cut = await ExportAsync(deployment, volume, "cut.img", "--snapshot", snapshot);
        var cutFile = await writer.VerifyAsync(Path.Combine(deployment.Folder, "cut.img"), (before, after));
        Assert.True(cutFile.Ok, cutFile.Report.ToJsonString());
        await deployment.CliOkAsync("restore", snapshot, "--gateway", other, "--name", "restored", "--wait");
        Assert.Equal(cut, await deployment.CopyAsync("other", "restored", Path.Combine(deployment.Folder, "restored.img")));
        await writer.MoreAsync(300);

        await deployment.EndSiloAsync();
        await deployment.EndAgentAsync("site");
        var crash = JournalledWriter.Now;
        Assert.True((bool)(await StoreAsync(deployment, "verify"))["isSound"]!);
        Assert.Equal(cut, await ExportAsync(deployment, volume, "cut-again.img", "--snapshot", snapshot));
        await ExportAsync(deployment, volume, "newest.img");
        var newest = await writer.VerifyAsync(Path.Combine(deployment.Folder, "newest.img"), (before, crash));
        Assert.True(newest.Ok, newest.Report.ToJsonString());

        await deployment.StartSiloAsync();
        await deployment.StartAgentAsync("site");
        await writer.MoreAsync(300);
        await writer.StopAsync();
        await deployment.DrainedAsync(gateway);
        Assert.Equal(
            await deployment.CopyAsync("site", "data", Path.Combine(deployment.Folder, "live.img")), await ExportAsync(deployment, volume, "drained.img"));
        Assert.True((bool)(await StoreAsync(deployment, "verify"))["isSound"]!);
    }

    private static async Task<string> ExportAsync(Deployment deployment, string volume, string name, params string[] point)
    {
        var file = Path.Combine(deployment.Folder, name);
        var told = (string)(await StoreAsync(deployment, ["export", volume, "--to", file, .. point]))["sha256"]!;
        Assert.Equal(await TestImage.HashAsync(file), told, ignoreCase: true);
        return await TestImage.HashAsync(file);
    }

    private static async Task<JsonObject> StoreAsync(Deployment deployment, params string[] command) =>
        (await deployment.SiloCommandAsync(["store", .. command, "--blobs", "azure:tidegate", "--keys", deployment.AccountKeyFile, "--output", "json"])).Succeeded().Json;
}
