using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>SIGKILL of the agent or the silo at every point of the flow: it goes on afterwards and loses nothing acknowledged.</summary>
public sealed class RestartTests(RunningSite site) : IClassFixture<RunningSite>
{
    private const long Region = 24L << 20;

    public static TheoryData<string> Victims => ["agent", "silo"];

    [Theory, MemberData(nameof(Victims))]
    public async Task Killed_while_a_key_is_advertised_the_same_key_still_activates(string victim)
    {
        var (deployment, agent) = (await site.AtWorkAsync(), $"advertising-{victim}");
        var ready = await deployment.StartAgentAsync(agent, r => r["activationKey"] is not null);
        await KillAndRestartAsync(deployment, victim, agent);
        var key = (string)(await deployment.AgentReadyAsync(agent, r => r["activationKey"] is not null))["activationKey"]!;
        Assert.Equal((string?)ready["activationKey"], key);
        await deployment.CliOkAsync("gateways", "activate", key, "--name", agent, "--time-zone", "UTC");
        await deployment.AgentReadyAsync(agent, r => r["gatewayId"] is not null);
        await deployment.EndAgentAsync(agent);
    }

    [Fact]
    public async Task Agent_killed_between_claim_and_certificate_finishes_the_activation_without_a_new_claim()
    {
        const string Agent = "claimed";
        var deployment = await site.AtWorkAsync();
        var ready = await deployment.StartAgentAsync(Agent, r => r["activationKey"] is not null);
        await deployment.EndAgentAsync(Agent);
        var claim = await deployment.CliOkAsync("gateways", "activate", (string)ready["activationKey"]!, "--name", Agent, "--time-zone", "UTC");
        var activated = await deployment.StartAgentAsync(Agent, r => r["gatewayId"] is not null);
        Assert.Equal((string?)claim["gatewayId"], (string?)activated["gatewayId"]);
        await deployment.EndAgentAsync(Agent);
    }

    [Theory, MemberData(nameof(Victims))]
    public async Task Killed_in_the_middle_of_writing_no_acknowledged_write_is_lost_and_the_snapshot_completes(string victim)
    {
        var (deployment, name) = (await site.AtWorkAsync(), $"written-{victim}");
        var volume = await deployment.VolumeAsync(site.Gateway, name);
        var uri = deployment.NbdUri(RunningSite.Agent, name);
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, Region, seed: victim == "agent" ? 11 : 13);
        await writer.MoreAsync(1500);

        var before = JournalledWriter.Now;
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "kill"))["snapshotId"]!;
        var after = JournalledWriter.Now;
        await writer.MoreAsync(300);
        await KillAndRestartAsync(deployment, victim, RunningSite.Agent);
        await writer.MoreAsync(1500);
        await writer.StopAsync();

        var live = await writer.VerifyAsync(uri);
        Assert.True(live.Ok, live.Report.ToJsonString());
        await Eventually.TrueAsync("the snapshot completes", async () =>
            (string?)(await deployment.CliOkAsync("snapshots", "describe", snapshot))["state"] == "completed");
        await deployment.CliOkAsync("restore", snapshot, "--gateway", site.Gateway, "--name", name + "-restored", "--wait");
        var proof = await writer.VerifyAsync(deployment.NbdUri(RunningSite.Agent, name + "-restored"), (before, after));
        Assert.True(proof.Ok, proof.Report.ToJsonString());
    }

    [Fact]
    public async Task Killed_in_the_middle_of_a_restore_the_restore_goes_on_and_equals_the_snapshot()
    {
        var deployment = await site.AtWorkAsync();
        var volume = await deployment.VolumeAsync(site.Gateway, "source", "96MiB");
        var image = Path.Combine(deployment.Folder, "source.img");
        await TestImage.CreateAsync(image, 96 << 20, seed: 5);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri(RunningSite.Agent, "source")])).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "source", "--wait"))["snapshotId"]!;
        foreach (var victim in (string[])["agent", "silo"])
        {
            var name = $"restored-{victim}";
            await deployment.CliOkAsync("restore", snapshot, "--gateway", site.Gateway, "--name", name);
            await KillAndRestartAsync(deployment, victim, RunningSite.Agent);
            var copy = Path.Combine(deployment.Folder, $"{name}.img");
            await Eventually.TrueAsync("the restored volume is served", async () =>
                (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), [deployment.NbdUri(RunningSite.Agent, name), copy])).ExitCode == 0);
            Assert.Equal(await TestImage.HashAsync(image), await TestImage.HashAsync(copy));
        }
    }

    [Fact]
    public async Task Local_writes_go_on_while_the_service_is_away_and_reach_it_afterwards()
    {
        var deployment = await site.AtWorkAsync();
        var volume = await deployment.VolumeAsync(site.Gateway, "alone");
        var uri = deployment.NbdUri(RunningSite.Agent, "alone");
        await deployment.EndSiloAsync();
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, Region, seed: 12, isBounded: true);
        await writer.MoreAsync(2000);
        // A restart without the service serves as well.
        await KillAndRestartAsync(deployment, "agent", RunningSite.Agent);
        await writer.MoreAsync(1000);
        await deployment.StartSiloAsync();
        await writer.StopAsync();
        var live = await writer.VerifyAsync(uri);
        Assert.True(live.Ok, live.Report.ToJsonString());

        await deployment.ConnectedAsync(site.Gateway);
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "after", "--wait"))["snapshotId"]!;
        await deployment.CliOkAsync("restore", snapshot, "--gateway", site.Gateway, "--name", "alone-restored", "--wait");
        var proof = await writer.VerifyAsync(deployment.NbdUri(RunningSite.Agent, "alone-restored"));
        Assert.True(proof.Ok, proof.Report.ToJsonString());
    }

    [Fact]
    public async Task What_somebody_writes_to_the_store_of_a_stopped_agent_is_in_the_next_snapshot()
    {
        const int SizeBytes = 16 << 20;
        var deployment = await site.AtWorkAsync();
        var volume = await deployment.VolumeAsync(site.Gateway, "changed", "16MiB");
        var image = Path.Combine(deployment.Folder, "changed.img");
        var bytes = new byte[SizeBytes];
        new Random(8).NextBytes(bytes.AsSpan(0, SizeBytes / 2));
        await File.WriteAllBytesAsync(image, bytes);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri(RunningSite.Agent, "changed")])).Succeeded();
        await deployment.CliOkAsync("snapshots", "create", volume, "--description", "as written", "--wait");
        await deployment.EndAgentAsync(RunningSite.Agent, inOrder: true);

        var store = Directory.EnumerateFiles(Path.Combine(deployment.Folder, RunningSite.Agent), "store.raw", SearchOption.AllDirectories)
            .Single(path => path.Contains(volume, StringComparison.Ordinal));
        foreach (var path in (string[])[store, image])
        {
            await using var file = File.OpenWrite(path);
            file.Position = 5 << 20;
            await file.WriteAsync(Enumerable.Repeat((byte)0x5c, 100_000).ToArray());
        }

        await deployment.StartAgentAsync(RunningSite.Agent);
        await deployment.ConnectedAsync(site.Gateway);
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "as found", "--wait"))["snapshotId"]!;
        await deployment.CliOkAsync("restore", snapshot, "--gateway", site.Gateway, "--name", "changed-restored", "--wait");
        var copy = Path.Combine(deployment.Folder, "changed-restored.img");
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), [deployment.NbdUri(RunningSite.Agent, "changed-restored"), copy])).Succeeded();
        Assert.Equal(await TestImage.HashAsync(image), await TestImage.HashAsync(copy));
    }

    private static async Task KillAndRestartAsync(Deployment deployment, string victim, string agent)
    {
        if (victim == "agent")
        {
            await deployment.EndAgentAsync(agent);
            await deployment.StartAgentAsync(agent);
        }
        else
        {
            await deployment.EndSiloAsync();
            await deployment.StartSiloAsync();
        }
    }
}
