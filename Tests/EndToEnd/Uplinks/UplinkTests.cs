using System.Diagnostics;
using Tidegate.Client.Rest.Models;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Uplinks;

/// <summary>An agent behind a proxy, with a limit on its uplink, and without one (docs/operating/uplink.md).</summary>
public sealed class UplinkTests(ProxiedSite site) : IClassFixture<ProxiedSite>
{
    [Fact]
    public async Task M3_4_Activation_link_uploads_to_Azure_and_a_restore_go_through_the_proxy_and_nothing_past_it()
    {
        var deployment = site.Deployment;
        var volume = await deployment.VolumeAsync(site.Gateway, "proxied", "16MiB");
        (await deployment.QemuIoAsync(ProxiedSite.Agent, "proxied", "write -P 0x5a 1M 9M", "flush")).Succeeded();
        await deployment.DrainedAsync(site.Gateway);
        Assert.All(site.RemotePorts(), port => Assert.Equal(site.Proxy.Port, port));
        Assert.NotEmpty(site.RemotePorts());
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        await deployment.CliOkAsync("restore", snapshot, "--gateway", site.Gateway, "--name", "again", "--wait");
        Assert.Equal(
            await deployment.CopyAsync(ProxiedSite.Agent, "proxied", Path.Combine(deployment.Folder, "a.img")),
            await deployment.CopyAsync(ProxiedSite.Agent, "again", Path.Combine(deployment.Folder, "b.img")));
        Assert.All(site.RemotePorts(), port => Assert.Equal(site.Proxy.Port, port));
        // The volume's agent sends its segments straight to the blob store: the silo's data endpoint is not among the targets.
        Assert.Equal(site.Targets.Order(StringComparer.Ordinal), site.Proxy.Targets.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(0, site.Proxy.Refused);
        var log = await File.ReadAllTextAsync(deployment.Agent(ProxiedSite.Agent).LogPath);
        Assert.DoesNotContain(ProxiedSite.Password, log, StringComparison.Ordinal);
        Assert.DoesNotContain(Uri.EscapeDataString(ProxiedSite.Password), log, StringComparison.Ordinal);
    }

    /// <summary>M1.10, over the wire: bytes that cannot be compressed take the time that their rate gives them, however many connections carry them.</summary>
    [Fact]
    public async Task M1_10_Uploads_go_no_faster_than_their_limit()
    {
        const int Rate = 1 << 20;
        var deployment = site.Deployment;
        await deployment.VolumeAsync(site.Gateway, "limited", "4MiB");
        var image = Path.Combine(deployment.Folder, "random.img");
        var bytes = new byte[3 * Rate];
        new Random(5).NextBytes(bytes);
        await File.WriteAllBytesAsync(image, bytes);
        using var client = deployment.Client(attempts: 1);
        await client.SetBandwidthAsync(site.Gateway, new BandwidthView(Rate, null, []));
        await Eventually.TrueAsync("the limit has arrived", async () =>
            (await client.GetGatewayAsync(site.Gateway)) is var gateway && gateway.AppliedConfigurationVersion == gateway.ConfigurationVersion);
        var began = Stopwatch.GetTimestamp();
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri(ProxiedSite.Agent, "limited")])).Succeeded();
        await deployment.DrainedAsync(site.Gateway);
        Assert.True(Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(2.7), "3 MiB at 1 MiB/s, a quarter of a second's worth of it saved up");
        await client.SetBandwidthAsync(site.Gateway, BandwidthView.Unlimited);
    }

    [Fact]
    public async Task M2_10_Paused_uploads_raise_an_alarm_at_gateway_and_service_and_so_does_a_gateway_that_is_away()
    {
        var deployment = site.Deployment;
        var volume = await deployment.VolumeAsync(site.Gateway, "paused", "16MiB");
        await deployment.CliOkAsync("gateways", "bandwidth", site.Gateway, "--upload", "0");
        using var client = deployment.Client(attempts: 1);
        await Eventually.TrueAsync("the limit has arrived", async () =>
            (await client.GetGatewayAsync(site.Gateway)) is var gateway && gateway.AppliedConfigurationVersion == gateway.ConfigurationVersion);
        (await deployment.QemuIoAsync(ProxiedSite.Agent, "paused", "write -P 0x77 0 1M", "flush")).Succeeded();
        await Eventually.TrueAsync("the service shows the alarm", async () => (await AlarmsAsync(volume)).Contains("recoveryPointOld"));
        var local = await deployment.LocalVolumeAsync(ProxiedSite.Agent, "paused");
        Assert.Equal("recoveryPointOld", (string?)Assert.Single(local["alarms"]!.AsArray())!["kind"]);
        Assert.True((long)local["backlogBytes"]! >= 1 << 20);

        await client.SetBandwidthAsync(site.Gateway, BandwidthView.Unlimited);
        await Eventually.TrueAsync("the alarm is over", async () => (await AlarmsAsync(volume)).Count == 0);
        await deployment.EndAgentAsync(ProxiedSite.Agent);
        await Eventually.TrueAsync("the service raises the alarm itself", async () => (await AlarmsAsync(volume)).Contains("recoveryPointOld"));
        await deployment.StartAgentAsync(ProxiedSite.Agent);
        await Eventually.TrueAsync("the gateway is back", async () => (await AlarmsAsync(volume)).Count == 0);
    }

    private async Task<IReadOnlyList<string>> AlarmsAsync(string volume)
    {
        using var client = site.Deployment.Client(attempts: 1);
        return (await client.GetVolumeAsync(volume)).Alarms;
    }
}
