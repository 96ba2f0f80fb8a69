using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Keys;

/// <summary>
/// SIGKILL of the silo in the middle of a rotation of keys: it ends all the same, nothing becomes unreadable, and the old key goes when
/// nothing needs it and not before (docs/operating/keys.md).
/// </summary>
public sealed class KilledRotationTests(ITestOutputHelper output)
{
    private const int IdleVolumes = 8;
    private const int Volumes = IdleVolumes + 2;
    private const long Region = 8L << 20;

    /// <summary>Longer than the pause before a rotation looks again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(16);

    /// <summary>Moments at which it is killed; all of them with <c>./dev test --full</c>.</summary>
    // Each puts the silo's clock ahead by a pause; certificates are valid from an hour before, so that agents bear no more than three.
    public static IEnumerable<TheoryDataRow<int>> Moments => [new(1), new(3) { Explicit = true }];

    [Theory, MemberData(nameof(Moments))]
    public async Task The_silo_is_killed_while_an_account_key_rotates_and_while_the_old_key_is_destroyed(int moments)
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data", "16MiB");
        (await deployment.QemuIoAsync("site", "data", "write -P 0x11 0 4M", "flush")).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", "clone", "--wait");
        using var client = deployment.Client();
        for (var i = 0; i < IdleVolumes; i++) await client.CreateVolumeAsync(new CreateVolumeRequest(gateway, $"idle-{i}", 1 << 20));

        var killer = new SiloKiller(deployment);
        Func<FileTrigger>[] points = [() => killer.AtManifest(Volumes / 2), () => killer.AtKeyFile(keys: 2), () => killer.AtManifest(1)];
        var ahead = TimeSpan.Zero;
        for (var point = 0; point < moments; point++)
        {
            var (old, next) = (point + 1, point + 2);
            await killer.KillAsync(points[point](), asked => asked.RotateAccountKeyAsync(deployment.AccountId));
            // Every volume is under one of the two, and both are there.
            Assert.Equal([next, old], killer.Generations());
            await killer.VerifyAsync(Volumes);
            await deployment.StartSiloAsync(ahead: ahead);
            // A customer who asks again hears of the same rotation, and has it go on.
            await client.RotateAccountKeyAsync(deployment.AccountId);
            await StageAsync(client, deployment, ahead, KeyRotationStage.Waiting);
            Assert.Equal([next, old], killer.Generations());

            // The pause is over; nothing is found under the old key, and it is destroyed: the silo is killed once it is.
            await deployment.EndSiloAsync();
            while (!await killer.KillAtWorkAsync(killer.AtKeyFile(keys: 1), ahead += Pause))
            {
                // A pass that met something it could not do, or had still to do, is followed by another one, a pause later.
                var known = await RotationAsync(client, deployment);
                output.WriteLine(known.ToString());
                Assert.True(known.NextPassAt is not null && ahead < Pause * 3, known.ToString());
                await deployment.EndSiloAsync();
            }

            Assert.Equal([next], killer.Generations());
            await killer.VerifyAsync(Volumes);
            await deployment.StartSiloAsync(ahead: ahead);
            await StageAsync(client, deployment, ahead, KeyRotationStage.Completed);
            Assert.Equal([next], killer.Generations());
        }

        // Everything is at work under the new key, and what the old ones had wrapped is read with it.
        await deployment.ConnectedAsync(gateway);
        foreach (var name in new[] { "data", "clone" })
        {
            (await deployment.QemuIoAsync("site", name, "write -P 0x22 4M 4M", "flush")).Succeeded();
            var later = (string)(await deployment.CliOkAsync("snapshots", "create", name, "--wait"))["snapshotId"]!;
            await deployment.CliOkAsync("restore", later, "--gateway", gateway, "--name", name + "-again", "--wait");
            (await deployment.QemuIoAsync("site", name + "-again", "read -P 0x11 0 4M", "read -P 0x22 4M 4M")).Succeeded();
        }
    }

    /// <summary>As above, of a data key's rotation.</summary>
    public static IEnumerable<TheoryDataRow<int>> DataKeyMoments => [new(2), new(4) { Explicit = true }];

    [Theory, MemberData(nameof(DataKeyMoments))]
    public async Task The_silo_is_killed_while_a_data_key_rotates_under_load(int moments)
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        // Its log takes all that is written here: while the silo is dead and until what came before is drained nothing of it is freed.
        var volume = await deployment.VolumeAsync(gateway, "data", "128MiB");
        var uri = deployment.NbdUri("site", "data");
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, Region, seed: 23, isBounded: true);
        await writer.MoreAsync(300);
        using var client = deployment.Client();
        var killer = new SiloKiller(deployment);
        Func<FileTrigger>[] points = [() => killer.AtSave(2), () => killer.AtManifest(1, volume), () => killer.AtSave(1), () => killer.AtSave(5)];
        foreach (var trigger in points.Take(moments))
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

    private static async Task<AccountKeyRotationView> RotationAsync(TidegateRestClient client, Deployment deployment) =>
        (await client.GetAccountAsync(deployment.AccountId)).KeyRotation!;

    private static Task StageAsync(TidegateRestClient client, Deployment deployment, TimeSpan ahead, KeyRotationStage stage) =>
        Eventually.TrueAsync($"the rotation is {stage}", async () =>
        {
            var known = await RotationAsync(client, deployment);
            Assert.Empty(known.Problem);
            return known.Stage == stage && (stage == KeyRotationStage.Completed || known.NextPassAt > TimeProvider.System.GetUtcNow() + ahead);
        });
}
