using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.States;

/// <summary>A volume through its states with real processes: an image adopted, a log filled while the service is away, all of it at the service afterwards (mission 2).</summary>
public sealed class StateTests
{
    private const string Agent = "site";
    private const string Volume = "adopted";

    [Fact]
    public async Task An_adopted_image_and_what_is_written_past_a_full_log_are_restored_byte_for_byte()
    {
        await using var deployment = await Deployment.StartAsync();
        var images = Directory.CreateDirectory(Path.Combine(deployment.Folder, "images")).FullName;
        deployment.ConfigureAgents("TIDEGATE_AGENT_ADOPTFROM", images);
        deployment.ConfigureAgents("TIDEGATE_AGENT_PASSTHROUGHSTALLSECONDS", "1");
        var gateway = await deployment.ActivatedAgentAsync(Agent);
        var image = Path.Combine(images, "disk.raw");
        await using (var file = File.Create(image))
        {
            file.SetLength(32 << 20);
            file.Position = 8 << 20;
            await file.WriteAsync(Enumerable.Repeat((byte)0xa1, 4 << 20).ToArray());
        }
        await deployment.ConnectedAsync(gateway);
        var refused = await deployment.CliAsync("volumes", "create", "--gateway", gateway, "--name", "foreign", "--adopt", "/etc/hostname");
        Assert.Contains("AdoptFrom", refused.Errors + refused.Output, StringComparison.Ordinal);

        var created = await deployment.CliOkAsync("volumes", "create", "--gateway", gateway, "--name", Volume, "--adopt", image, "--wait");
        var id = (string)created["volumeId"]!;
        await IoAsync(deployment, "read -P 0xa1 8M 4M", "read -P 0 12M 20M", "write -P 0xb2 10M 1M", "flush");
        await StateAsync(deployment, "shadowing");
        await RestoredAsync(deployment, gateway, id, "first");

        // The log has 64 MiB: with the service away it fills up, and hosts do not wait for anybody.
        await deployment.EndSiloAsync();
        for (var round = 0; await StateOfAsync(deployment) != "passThrough"; round++)
            await IoAsync(deployment, $"write -P {1 + round % 200} 0 16M", "flush");
        await IoAsync(deployment, "write -P 0xc3 20M 2M", "write -P 0xc4 31M 1M", "discard 9M 1M", "flush");
        Assert.True((long)(await deployment.LocalVolumeAsync(Agent, Volume))["leftBytes"]! >= 19 << 20);
        await deployment.EndAgentAsync(Agent);
        await deployment.StartSiloAsync();
        await deployment.StartAgentAsync(Agent);
        await IoAsync(deployment, "read -P 0xc3 20M 2M", "read -P 0 9M 1M", "write -P 0xd5 30M 1M", "flush");
        await StateAsync(deployment, "shadowing");
        await RestoredAsync(deployment, gateway, id, "second");
        // The store is the image itself, where it lay.
        await deployment.EndAgentAsync(Agent, inOrder: true);
        Assert.Equal(0xc3, (await File.ReadAllBytesAsync(image))[20 << 20]);
    }

    private static async Task RestoredAsync(Deployment deployment, string gateway, string volumeId, string name)
    {
        var snapshot = await deployment.CliOkAsync("snapshots", "create", volumeId, "--wait");
        await deployment.CliOkAsync("restore", (string)snapshot["snapshotId"]!, "--gateway", gateway, "--name", name, "--wait");
        var compared = await ProgramRunner.RunAsync(
            Repository.Tool("qemu-img"), ["compare", "-f", "raw", "-F", "raw", deployment.NbdUri(Agent, Volume), deployment.NbdUri(Agent, name)]);
        Assert.Contains("identical", compared.Succeeded().Output, StringComparison.Ordinal);
    }

    private static async Task IoAsync(Deployment deployment, params string[] commands) => (await deployment.QemuIoAsync(Agent, Volume, commands)).Succeeded();

    private static async Task<string> StateOfAsync(Deployment deployment) => (string)(await deployment.LocalVolumeAsync(Agent, Volume))["state"]!;

    private static Task StateAsync(Deployment deployment, string state) =>
        Eventually.TrueAsync($"the volume is {state}", async () => await StateOfAsync(deployment) == state);
}
