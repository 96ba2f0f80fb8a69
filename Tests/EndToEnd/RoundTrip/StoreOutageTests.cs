using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>The blob store goes away and comes back: hosts notice nothing, and nothing is lost.</summary>
public sealed class StoreOutageTests
{
    [Fact]
    public async Task Hosts_write_on_while_the_store_is_away_and_everything_arrives_afterwards()
    {
        await using var azurite = await AzuriteServer.StartAsync();
        await using var deployment = await Deployment.StartAsync(new Dictionary<string, string>(azurite.SiloSettings()) { ["Tidegate__Blobs__Retries"] = "1" });
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data", "64MiB");
        await WriteAsync(deployment, "0x11 0 16M");
        await BacklogAsync(deployment, bytes => bytes == 0);

        await azurite.StopAsync();
        await WriteAsync(deployment, "0x22 8M 16M");
        await WriteAsync(deployment, "0x33 40M 8M");
        await BacklogAsync(deployment, bytes => bytes > 0);

        await azurite.StartAgainAsync();
        var snapshot = await deployment.CliOkAsync("snapshots", "create", volume, "--wait");
        Assert.Equal("completed", (string?)snapshot["state"]);
        await deployment.CliOkAsync("restore", (string)snapshot["snapshotId"]!, "--gateway", gateway, "--name", "restored", "--wait");
        foreach (var pattern in new[] { "0x11 0 8M", "0x22 8M 16M", "0x00 24M 16M", "0x33 40M 8M", "0x00 48M 16M" })
            (await deployment.QemuIoAsync("site", "restored", $"read -P {pattern}")).Succeeded();
    }

    private static async Task WriteAsync(Deployment deployment, string pattern) =>
        (await deployment.QemuIoAsync("site", "data", $"write -P {pattern}", "flush")).Succeeded();

    private static Task BacklogAsync(Deployment deployment, Func<long, bool> condition) => Eventually.TrueAsync(
        "the backlog", async () => condition((long)(await deployment.LocalVolumeAsync("site", "data"))["backlogBytes"]!));
}
