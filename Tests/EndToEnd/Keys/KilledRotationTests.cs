using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Keys;

/// <summary>
/// SIGKILL of the silo in the middle of a rotation of keys: it ends all the same, and nothing becomes unreadable (docs/operating/keys.md).
/// </summary>
public sealed class KilledRotationTests
{
    private const long Region = 8L << 20;

    [Fact]
    public async Task The_silo_is_killed_while_a_data_key_rotates_under_load()
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data", "16MiB");
        var uri = deployment.NbdUri("site", "data");
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, Region, seed: 23);
        await writer.MoreAsync(300);
        using var client = deployment.Client();
        var killer = new SiloKiller(deployment);
        foreach (var trigger in new[] { () => killer.AtSave(1), () => killer.AtSave(2), () => killer.AtManifest(1, volume), () => killer.AtSave(5) })
        {
            await killer.KillAsync(trigger(), asked => asked.RotateVolumeKeyAsync(volume));
            await writer.MoreAsync(100);
            await deployment.StartSiloAsync();
            await client.RotateVolumeKeyAsync(volume);
            await writer.MoreAsync(100);
        }

        await writer.StopAsync();
        await deployment.DrainedAsync(gateway);
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", "restored", "--wait");
        var restored = await writer.VerifyAsync(deployment.NbdUri("site", "restored"));
        Assert.True(restored.Ok, restored.Report.ToJsonString());

        // And without the service: every generation's key is in the newest manifest.
        await deployment.EndSiloAsync();
        await killer.VerifyAsync(volumes: 2);
        var image = Path.Combine(deployment.Folder, "exported.img");
        await deployment.CliOkAsync("store", "export", volume, "--to", image, "--blobs", deployment.BlobFolder, "--keys", deployment.AccountKeyFile);
        var exported = await writer.VerifyAsync(image);
        Assert.True(exported.Ok, exported.Report.ToJsonString());
    }
}
