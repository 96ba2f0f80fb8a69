using System.Text.Json.Nodes;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>A snapshot goes to another account over SQLite and a directory, through a kill of the silo and the loss of its database.</summary>
public sealed class SnapshotCopyTests
{
    [Fact]
    public async Task A_copy_in_another_account_survives_a_kill_and_the_database_and_is_read_with_that_accounts_key_alone()
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site-a");
        var volume = await deployment.VolumeAsync(gateway, "data", "64MiB");
        var image = Path.Combine(deployment.Folder, "fs.img");
        await TestImage.CreateAsync(image, 64 << 20, seed: 29);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri("site-a", "data")])).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        var other = await OtherAsync(
            deployment, "setup", "--api", deployment.ApiUrl, "--ca", deployment.CaFile, "--operator-key-file", deployment.SiloReady(0, "operatorKeyFile"), "--account", "other");
        var account = (string)other["accountId"]!;

        var offer = (string)(await deployment.CliOkAsync("offers", "create", snapshot, "--to", account))["offerId"]!;
        var accepted = await OtherAsync(deployment, "offers", "accept", offer, "--description", "theirs");
        // Wherever the copy is by now.
        await deployment.EndSiloAsync();
        await deployment.StartSiloAsync();
        var copy = await OtherAsync(deployment, "copies", "describe", (string)accepted["copyId"]!, "--wait");
        Assert.Equal("completed", (string)copy["state"]!);
        await deployment.EndSiloAsync();
        foreach (var file in Directory.GetFiles(deployment.StateFolder, "state.db*")) File.Delete(file);
        Assert.Contains("Everything is back.", (await deployment.SiloCommandAsync("rebuild-state", "--state", deployment.StateFolder)).Succeeded().Output, StringComparison.Ordinal);

        // By bucket and the one key, as a stranger to the service would.
        string[] bucket = ["--blobs", deployment.BlobFolder, "--keys", Path.Combine(deployment.StateFolder, "keys", account + ".key")];
        var exported = Path.Combine(deployment.Folder, "copy.img");
        (string lineage, string taken) = ((string)copy["copyId"]!, (string)copy["snapshotId"]!);
        await deployment.CliOkAsync(["store", "export", lineage, "--snapshot", taken, "--to", exported, .. bucket]);
        Assert.Equal(await TestImage.HashAsync(image), await TestImage.HashAsync(exported));
        Assert.Empty((await deployment.CliOkAsync(["store", "verify", lineage, .. bucket]))["damages"]!.AsArray());

        await deployment.StartSiloAsync();
        // The copy may have ended after its last record was stored: what the head says is recorded again by and by.
        (string, string)? described = null;
        await Eventually.TrueAsync("the copy's snapshot is known again", async () => (described = await SnapshotAsync(deployment, taken)) is ("completed", _));
        Assert.Equal(("completed", "theirs"), described);
        Assert.Equal(3, (await deployment.CliAsync("snapshots", "describe", taken)).ExitCode);
        Assert.Equal("completed", (string)(await deployment.CliOkAsync("offers", "describe", offer))["state"]!);
    }

    private static async Task<(string State, string Description)> SnapshotAsync(Deployment deployment, string snapshot)
    {
        var described = await OtherAsync(deployment, "snapshots", "describe", snapshot);
        return ((string)described["state"]!, (string)described["description"]!);
    }

    // The command line with the other account's profile.
    private static async Task<JsonObject> OtherAsync(Deployment deployment, params string[] arguments) => (await ProgramRunner.RunAsync(
        Repository.Program("Cli"), ["--profile-dir", Path.Combine(deployment.Folder, "other"), .. arguments, "--output", "json"], TimeSpan.FromSeconds(180))).Succeeded().Json;
}
