using System.Text.Json.Nodes;
using Tidegate.BlockStore;
using Tidegate.Client.Rest.Models;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Keys;

/// <summary>SIGKILL of the silo in the middle of an erasure: it was not begun, or it goes on by itself and what is erased stays erased.</summary>
public sealed class KilledErasureTests
{
    /// <summary>Moments at which it is killed; all of them with <c>./dev test --full</c>.</summary>
    public static IEnumerable<TheoryDataRow<int>> Moments => [new(2), new(5) { Explicit = true }];

    [Theory, MemberData(nameof(Moments))]
    public async Task The_silo_is_killed_in_the_middle_of_an_erasure(int moments)
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        var bystander = await deployment.VolumeAsync(gateway, "bystander", "16MiB");
        (await deployment.QemuIoAsync("site", "bystander", "write -P 0x33 0 4M", "flush")).Succeeded();
        using var client = deployment.Client();
        var killer = new SiloKiller(deployment);
        var erased = new List<(string Volume, string Clone, byte[][] WrappedKeys)>();
        Func<string, string, FileTrigger>[] points =
        [
            (_, clone) => killer.AtDeletion(1, clone),
            (_, _) => killer.AtSave(3),
            (volume, _) => killer.AtDeletion(3, volume),
            (_, _) => killer.AtSave(1),
            (volume, _) => killer.AtDeletion(1, volume),
        ];
        foreach (var point in points.Take(moments))
        {
            var name = $"data-{erased.Count}";
            var volume = await deployment.VolumeAsync(gateway, name, "16MiB");
            (await deployment.QemuIoAsync("site", name, "write -P 0x11 0 4M", "flush")).Succeeded();
            await deployment.ConnectedAsync(gateway);
            var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
            var clone = (string)(await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", name + "-clone", "--wait"))["volumeId"]!;
            var manifest = (await new StoredFrames(deployment.BlobFolder, deployment.AccountKeyFile, new LineageId(deployment.AccountId, volume)).OpenAsync()).Manifest;
            erased.Add((volume, clone, [.. manifest.Keys.Select(key => key.Bytes.ToArray())]));
            var victims = (await client.GetEraseVictimsAsync(volume)).Victims;
            await killer.KillAsync(point(volume, clone), asked => asked.EraseVolumeAsync(volume, new EraseVolumeRequest(victims)));
            await deployment.StartSiloAsync();
            // Killed before it was begun, it is asked for again; begun, it goes on, asked or not.
            await killer.AskAsync(asked => asked.EraseVolumeAsync(volume, new EraseVolumeRequest(victims)));
            await killer.AskAsync(asked => asked.EraseVolumeAsync(volume, new EraseVolumeRequest([])));
            foreach (var one in new[] { volume, clone })
                await Eventually.TrueAsync($"{one} is erased", async () => (await KindsAsync(deployment, one)).Contains("volume.erased"));
            Assert.Equal(["volume.erasure-begun", "volume.erased"], (await KindsAsync(deployment, volume)).Where(kind => kind.StartsWith("volume.eras", StringComparison.Ordinal)));
            var refused = await deployment.CliAsync("restore", snapshot, "--gateway", gateway, "--name", "late");
            Assert.NotEqual(0, refused.ExitCode);
            Assert.Contains("erased", refused.Errors, StringComparison.Ordinal);
            Assert.NotEqual(0, (await deployment.CliAsync("volumes", "describe", clone)).ExitCode);
        }

        // Once more after the last grace, as if something had been on its way: nothing of them is left but the record of what happened.
        await deployment.EndSiloAsync();
        await deployment.StartSiloAsync(ahead: TimeSpan.FromMinutes(61));
        foreach (var (volume, clone, keys) in erased)
        {
            await Eventually.TrueAsync($"all of {volume} and {clone} is gone", () => Task.FromResult(!Left(deployment, volume).Concat(Left(deployment, clone)).Any()));
            foreach (var file in Directory.EnumerateFiles(deployment.BlobFolder, "*", SearchOption.AllDirectories))
                Assert.All(keys, key => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(key)));
        }

        (await deployment.QemuIoAsync("site", "bystander", "write -P 0x44 4M 4M", "flush")).Succeeded();
        await deployment.ConnectedAsync(gateway);
        var kept = (string)(await deployment.CliOkAsync("snapshots", "create", bystander, "--wait"))["snapshotId"]!;
        await deployment.CliOkAsync("restore", kept, "--gateway", gateway, "--name", "kept", "--wait");
        (await deployment.QemuIoAsync("site", "kept", "read -P 0x33 0 4M", "read -P 0x44 4M 4M")).Succeeded();
        await killer.VerifyAsync(volumes: 2);
    }

    private static IEnumerable<string> Left(Deployment deployment, string volume) =>
        Directory.EnumerateFiles(Path.Combine(deployment.BlobFolder, deployment.AccountId, volume), "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/record/", StringComparison.Ordinal));

    private static async Task<List<string>> KindsAsync(Deployment deployment, string volume) =>
        [.. JsonNode.Parse((await deployment.CliAsync("audit", "--of", volume)).Succeeded().Output)!.AsArray().Select(record => (string)record!["kind"]!)];
}
