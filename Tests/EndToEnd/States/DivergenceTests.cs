using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.EndToEnd.RoundTrip;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.States;

/// <summary>An agent whose volume was put back to an earlier copy of its files: the history has forked, and its owner says which copy goes on (M2.7).</summary>
public sealed class DivergenceTests(SharedService shared)
{
    private const string Volume = "forked";

    public static IEnumerable<TheoryDataRow<string>> Choices => [new("local"), new("service") { Explicit = true }];

    [Theory, MemberData(nameof(Choices))]
    public async Task A_volume_that_was_put_back_diverges_and_goes_on_as_its_owner_says(string keep)
    {
        var agent = "forked-" + keep;
        var deployment = await shared.DeploymentAsync();
        var gateway = await deployment.ActivatedAgentAsync(agent);
        var volume = await deployment.VolumeAsync(gateway, $"{Volume}-{keep}", "16MiB");
        await IoAsync("write -P 0xa1 0 2M", "flush");
        await deployment.DrainedAsync(gateway);
        await deployment.EndAgentAsync(agent, inOrder: true);
        var files = Path.GetDirectoryName(deployment.VolumeFile(agent, volume, "log"))!;
        var copy = files + ".copy";
        (await ProgramRunner.RunAsync("/bin/cp", ["-a", files, copy])).Succeeded();
        await deployment.StartAgentAsync(agent);
        await IoAsync("write -P 0xb2 1M 2M", "flush");
        await deployment.ConnectedAsync(gateway);
        await deployment.DrainedAsync(gateway);
        await deployment.EndAgentAsync(agent);
        Directory.Delete(files, recursive: true);
        Directory.Move(copy, files);

        await deployment.StartAgentAsync(agent);
        using var client = deployment.Client();
        await Eventually.TrueAsync("the gateway tells of the divergence", async () => (await client.GetVolumeAsync(volume)).AgentStatus is { State: VolumeRunState.Diverged, Reason.Length: > 0 });
        Assert.NotEqual(0, (await deployment.QemuIoAsync(agent, $"{Volume}-{keep}", "read 0 4k")).ExitCode);
        var refused = await deployment.CliAsync("snapshots", "create", volume);
        Assert.True(refused.ExitCode != 0 && refused.Errors.Contains("InvalidState", StringComparison.Ordinal), refused.Output + refused.Errors);

        var resolved = await deployment.CliOkAsync("volumes", "resolve", volume, "--keep", keep, "--yes", "--wait");
        Assert.Equal(volume, (string)resolved["volumeId"]!);
        await IoAsync("read -P 0xa1 0 1M", keep == "local" ? "read -P 0xa1 1M 1M" : "read -P 0xb2 1M 2M", "write -P 0xc3 8M 1M", "flush");
        var aside = Directory.GetFiles(files, "*.aside").Length;
        Assert.Equal(keep == "local" ? 0 : 2, aside);
        // What the service had is not lost either way: a snapshot has it, or the volume goes on from it.
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        var compared = await ProgramRunner.RunAsync(
            Repository.Tool("qemu-img"),
            ["compare", "-f", "raw", "-F", "raw", deployment.NbdUri(agent, $"{Volume}-{keep}"), deployment.NbdUri(agent, $"{Volume}-{keep}@{snapshot}")]);
        Assert.Contains("identical", compared.Succeeded().Output, StringComparison.Ordinal);

        async Task IoAsync(params string[] commands) => (await deployment.QemuIoAsync(agent, $"{Volume}-{keep}", commands)).Succeeded();
    }
}
