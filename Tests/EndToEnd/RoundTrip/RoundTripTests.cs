using Tidegate.Tests.Kit.Http;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>The product's main job on real processes and real clients, on every kind of store.</summary>
public sealed class RoundTripTests(SharedService shared)
{
    [Fact]
    public async Task Activate_write_snapshot_destroy_restore_on_sqlite_and_a_folder() => await RoundTripAsync(await shared.DeploymentAsync());

    /// <summary>Both agents and the silo go straight to the blob store, over a way that loses answers and is busy now and then.</summary>
    [Fact]
    public async Task Activate_write_snapshot_destroy_restore_on_postgresql_and_azure_blobs()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var azurite = await AzuriteServer.StartAsync();
        await using var way = FaultProxy.Before(azurite.Address);
        await using var deployment = await Deployment.StartAsync(new Dictionary<string, string>(postgres.SiloSettings.Concat(azurite.SiloSettings(way.Address))));
        await RoundTripAsync(
            deployment,
            beforeWriting: () =>
            {
                Assert.False(Directory.Exists(deployment.BlobFolder));
                way.Next(HttpFault.None, HttpFault.LoseAnswer, HttpFault.Busy, HttpFault.LoseAnswer, HttpFault.Refuse, HttpFault.ServerError);
            },
            beforeRestore: () => way.Next(HttpFault.Busy, HttpFault.CutAnswer, HttpFault.Refuse));
        Assert.Contains(way.Requests, line => line.StartsWith("PUT", StringComparison.Ordinal) && line.Contains("sp=c&sig=", StringComparison.Ordinal));
        Assert.Contains(way.Requests, line => line.StartsWith("GET", StringComparison.Ordinal) && line.Contains("sp=r&sig=", StringComparison.Ordinal));
        Assert.DoesNotContain(way.Requests, line => line.StartsWith("DELETE", StringComparison.Ordinal));
    }

    private static async Task RoundTripAsync(Deployment deployment, Action? beforeWriting = null, Action? beforeRestore = null)
    {
        var first = await deployment.ActivatedAgentAsync("site-a");
        var second = await deployment.ActivatedAgentAsync("site-b");
        var live = await deployment.CliOkAsync("gateways", "describe", first, "--live");
        Assert.Equal(Environment.MachineName, (string?)live["live"]?["hostName"], ignoreCase: true);

        var volume = await deployment.VolumeAsync(first, "data", "96MiB");
        beforeWriting?.Invoke();
        var image = Path.Combine(deployment.Folder, "fs.img");
        await TestImage.CreateAsync(image, 96 << 20, seed: 7);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri("site-a", "data")])).Succeeded();

        var snapshot = await deployment.CliOkAsync("snapshots", "create", volume, "--description", "round trip", "--wait");
        Assert.Equal("completed", (string?)snapshot["state"]);
        // What is written after the snapshot must not be in it.
        (await deployment.QemuIoAsync("site-a", "data", "write -P 0xee 0 1M", "flush")).Succeeded();

        await deployment.EndAgentAsync("site-a");
        Directory.Delete(Path.Combine(deployment.Folder, "site-a"), recursive: true);

        beforeRestore?.Invoke();
        var restored = await deployment.CliOkAsync(
            "restore", (string)snapshot["snapshotId"]!, "--gateway", second, "--name", "restored", "--wait");
        Assert.Equal(second, (string?)restored["gatewayId"]);
        var copy = Path.Combine(deployment.Folder, "restored.img");
        Assert.Equal(await TestImage.HashAsync(image), await deployment.CopyAsync("site-b", "restored", copy));
        (await ProgramRunner.RunAsync(Repository.Tool("e2fsck"), ["-f", "-n", copy])).Succeeded();
    }
}
