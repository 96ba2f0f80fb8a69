using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>SIGKILL of the agent or the silo at every point of the flow: it goes on afterwards and loses nothing acknowledged.</summary>
public sealed class RestartTests
{
    private const long Region = 24L << 20;

    public static TheoryData<string> Victims => ["agent", "silo"];

    [Theory, MemberData(nameof(Victims))]
    public async Task Killed_while_a_key_is_advertised_the_same_key_still_activates(string victim)
    {
        await using var deployment = await Deployment.StartAsync();
        var ready = await deployment.StartAgentAsync("site", r => r["activationKey"] is not null);
        await KillAndRestartAsync(deployment, victim);
        var key = (string)(await deployment.AgentReadyAsync("site", r => r["activationKey"] is not null))["activationKey"]!;
        Assert.Equal((string?)ready["activationKey"], key);
        await deployment.CliOkAsync("gateways", "activate", key, "--name", "site", "--time-zone", "UTC");
        await deployment.AgentReadyAsync("site", r => r["gatewayId"] is not null);
    }

    [Fact]
    public async Task Agent_killed_between_claim_and_certificate_finishes_the_activation_without_a_new_claim()
    {
        await using var deployment = await Deployment.StartAsync();
        var ready = await deployment.StartAgentAsync("site", r => r["activationKey"] is not null);
        await deployment.Agent("site").KillAsync();
        var claim = await deployment.CliOkAsync("gateways", "activate", (string)ready["activationKey"]!, "--name", "site", "--time-zone", "UTC");
        var activated = await deployment.StartAgentAsync("site", r => r["gatewayId"] is not null);
        Assert.Equal((string?)claim["gatewayId"], (string?)activated["gatewayId"]);
    }

    [Theory, MemberData(nameof(Victims))]
    public async Task Killed_in_the_middle_of_writing_no_acknowledged_write_is_lost_and_the_snapshot_completes(string victim)
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data");
        var uri = deployment.NbdUri("site", "data");
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, Region, seed: 11);
        await writer.MoreAsync(1500);

        var before = JournalledWriter.Now;
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "kill"))["snapshotId"]!;
        var after = JournalledWriter.Now;
        await writer.MoreAsync(300);
        await KillAndRestartAsync(deployment, victim);
        await writer.MoreAsync(1500);
        await writer.StopAsync();

        var live = await writer.VerifyAsync(uri);
        Assert.True(live.Ok, live.Report.ToJsonString());
        await Eventually.TrueAsync("the snapshot completes", async () =>
            (string?)(await deployment.CliOkAsync("snapshots", "describe", snapshot))["state"] == "completed");
        await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", "restored", "--wait");
        var proof = await writer.VerifyAsync(deployment.NbdUri("site", "restored"), (before, after));
        Assert.True(proof.Ok, proof.Report.ToJsonString());
    }

    [Theory, MemberData(nameof(Victims))]
    public async Task Killed_in_the_middle_of_a_restore_the_restore_goes_on_and_equals_the_snapshot(string victim)
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data", "128MiB");
        var image = Path.Combine(deployment.Folder, "source.img");
        await TestImage.CreateAsync(image, 128 << 20, seed: 5);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri("site", "data")])).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "source", "--wait"))["snapshotId"]!;

        await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", "restored");
        await KillAndRestartAsync(deployment, victim);
        var copy = Path.Combine(deployment.Folder, "restored.img");
        await Eventually.TrueAsync("the restored volume is served", async () =>
            (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), [deployment.NbdUri("site", "restored"), copy])).ExitCode == 0);
        Assert.Equal(await TestImage.HashAsync(image), await TestImage.HashAsync(copy));
    }

    [Fact]
    public async Task Local_writes_go_on_while_the_service_is_away_and_reach_it_afterwards()
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data");
        await deployment.EndSiloAsync();
        await using var writer = JournalledWriter.Start(deployment.NbdUri("site", "data"), deployment.Folder, 0, Region, seed: 12);
        await writer.MoreAsync(2000);
        // A restart without the service serves as well.
        await deployment.Agent("site").KillAsync();
        await deployment.StartAgentAsync("site");
        await writer.MoreAsync(1000);
        await deployment.StartSiloAsync();
        await writer.StopAsync();
        var live = await writer.VerifyAsync(deployment.NbdUri("site", "data"));
        Assert.True(live.Ok, live.Report.ToJsonString());

        System.Text.Json.Nodes.JsonObject? snapshot = null;
        await Eventually.TrueAsync("the gateway is back", async () =>
        {
            var result = await deployment.CliAsync("snapshots", "create", volume, "--description", "after", "--wait");
            snapshot = result.ExitCode == 0 ? result.Json : null;
            return snapshot is not null;
        });
        await deployment.CliOkAsync("restore", (string)snapshot!["snapshotId"]!, "--gateway", gateway, "--name", "restored", "--wait");
        var proof = await writer.VerifyAsync(deployment.NbdUri("site", "restored"));
        Assert.True(proof.Ok, proof.Report.ToJsonString());
    }

    private static async Task KillAndRestartAsync(Deployment deployment, string victim)
    {
        if (victim == "agent")
        {
            await deployment.Agent("site").KillAsync();
            await deployment.StartAgentAsync("site");
        }
        else
        {
            await deployment.EndSiloAsync();
            await deployment.StartSiloAsync();
        }
    }
}
