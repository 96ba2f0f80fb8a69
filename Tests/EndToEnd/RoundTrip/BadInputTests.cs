using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>Wrong input gets a clear error with what to do next, and loses nothing.</summary>
public sealed class BadInputTests(RunningSite site) : IClassFixture<RunningSite>
{
    [Fact]
    public async Task Wrong_keys_ids_and_names_are_refused_by_name()
    {
        var (deployment, gateway) = (await site.AtWorkAsync(), site.Gateway);
        var volume = await deployment.VolumeAsync(gateway, "data");

        await RefusedAsync(deployment, "Unauthenticated", "gateways", "list", "--key", "tgk_00000000000000000000_" + new string('A', 43));
        await RefusedAsync(deployment, "NotFound", "gateways", "describe", "gw-00000000000000000000");
        await RefusedAsync(deployment, "NotFound", "volumes", "describe", "vol-00000000000000000000");
        await RefusedAsync(deployment, "NotFound", "snapshots", "describe", "snap-00000000000000000000");
        await RefusedAsync(deployment, "NotFound", "restore", "snap-00000000000000000000", "--gateway", gateway, "--name", "x");
        await RefusedAsync(deployment, "NameInUse", "volumes", "create", "--gateway", gateway, "--name", "data", "--size", "64MiB");
        await RefusedAsync(deployment, "InvalidArgument", "volumes", "create", "--gateway", gateway, "--name", "odd", "--size", "1000001");
        await RefusedAsync(deployment, "ActivationKeyNotFound", "gateways", "activate", "00000-00000-00000-00000-000000", "--name", "y");
        await RefusedAsync(deployment, "ActivationKeyNotFound", "gateways", "activate", "hello", "--name", "y");

        // Another account sees nothing of it, in the same words as for what does not exist.
        var foreign = Path.Combine(deployment.Folder, "other-profile");
        var setup = await ProgramRunner.RunAsync(Repository.Program("Cli"),
            ["--profile-dir", foreign, "setup", "--api", deployment.ApiUrl, "--ca", deployment.CaFile,
                "--operator-key-file", Path.Combine(deployment.Folder, "service", "operator.key"), "--account", "other", "--output", "json"]);
        setup.Succeeded();
        var theirs = await ProgramRunner.RunAsync(Repository.Program("Cli"), ["--profile-dir", foreign, "volumes", "describe", volume, "--output", "json"]);
        var missing = await ProgramRunner.RunAsync(Repository.Program("Cli"),
            ["--profile-dir", foreign, "volumes", "describe", "vol-00000000000000000000", "--output", "json"]);
        Assert.NotEqual(0, theirs.ExitCode);
        Assert.Equal(missing.ExitCode, theirs.ExitCode);
        Assert.Equal(missing.Errors.Replace("vol-00000000000000000000", volume, StringComparison.Ordinal), theirs.Errors);
    }

    [Fact]
    public async Task Request_to_an_absent_gateway_fails_at_once()
    {
        var (deployment, gateway) = (await site.AtWorkAsync(), site.Gateway);
        var volume = await deployment.VolumeAsync(gateway, "unreached");
        await deployment.EndAgentAsync(RunningSite.Agent, inOrder: true);
        await RefusedAsync(deployment, "GatewayNotConnected", "gateways", "describe", gateway, "--live");
        await RefusedAsync(deployment, "GatewayNotConnected", "snapshots", "create", volume, "--description", "x");
    }

    [Theory, InlineData("segments"), InlineData("catalogue")]
    public async Task Altered_blobs_are_an_error_that_names_them_and_never_data(string kind)
    {
        var (deployment, gateway) = (await site.AtWorkAsync(), site.Gateway);
        var name = $"altered-{kind}";
        var volume = await deployment.VolumeAsync(gateway, name);
        var uri = deployment.NbdUri(RunningSite.Agent, name);
        (await ProgramRunner.RunAsync(Repository.Tool("qemu-io"), ["-f", "raw", "-c", "write -P 0x5a 0 4M", "-c", "flush", uri])).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "x", "--wait"))["snapshotId"]!;

        // One bit of every blob of the kind that the volume has: whatever the restore reads, it is not what was written.
        var altered = 0;
        foreach (var blob in Directory.EnumerateFiles(Path.Combine(deployment.BlobFolder, deployment.AccountId, volume), "*.blob", SearchOption.AllDirectories))
        {
            var folder = Path.GetFileName(Path.GetDirectoryName(blob))!;
            if (kind == "catalogue" ? folder != "catalogue" : folder.Length != 16) continue;
            var bytes = await File.ReadAllBytesAsync(blob);
            bytes[bytes.Length / 2] ^= 0x10;
            File.SetUnixFileMode(blob, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await File.WriteAllBytesAsync(blob, bytes);
            altered++;
        }
        Assert.NotEqual(0, altered);
        // The service reads nothing from memory that it read before the damage.
        await deployment.EndSiloAsync();
        await deployment.StartSiloAsync();
        await deployment.ConnectedAsync(gateway);

        var restore = await deployment.CliAsync("restore", snapshot, "--gateway", gateway, "--name", name + "-bad", "--wait");
        Assert.NotEqual(0, restore.ExitCode);
        Assert.Contains("corrupt", restore.Errors + restore.Output, StringComparison.OrdinalIgnoreCase);
        var read = await ProgramRunner.RunAsync(Repository.Tool("qemu-io"), ["-r", "-f", "raw", "-c", "read -P 0x5a 0 4M", deployment.NbdUri(RunningSite.Agent, name + "-bad")]);
        Assert.NotEqual(0, read.ExitCode);

        // The first volume is untouched by all this.
        (await ProgramRunner.RunAsync(Repository.Tool("qemu-io"), ["-r", "-f", "raw", "-c", "read -P 0x5a 0 4M", uri])).Succeeded();
    }

    [Fact]
    public async Task Torn_log_tail_is_cut_and_what_was_flushed_stays()
    {
        var (deployment, gateway) = (await site.AtWorkAsync(), site.Gateway);
        var volume = await deployment.VolumeAsync(gateway, "torn");
        var uri = deployment.NbdUri(RunningSite.Agent, "torn");
        // The service away, everything stays in the log.
        await deployment.EndSiloAsync();
        (await ProgramRunner.RunAsync(Repository.Tool("qemu-io"), ["-f", "raw", "-c", "write -P 0x5a 0 1M", "-c", "flush", uri])).Succeeded();
        await deployment.EndAgentAsync(RunningSite.Agent);

        // Past the durable end the log holds zeroes; a torn write leaves the start of a record there.
        var log = Directory.EnumerateFiles(Path.Combine(deployment.Folder, "site", "volumes", volume)).Single(f => Path.GetFileName(f) == "log");
        await using (var file = new FileStream(log, FileMode.Open, FileAccess.ReadWrite))
        {
            var bytes = new byte[8 << 20];
            await file.ReadExactlyAsync(bytes);
            var end = Array.FindLastIndex(bytes, b => b != 0) + 1;
            // Records begin at multiples of 32 bytes, the first at 8192 (docs/formats/write-log.md).
            file.Position = (end + 31) / 32 * 32;
            bytes[8192 + 20] ^= 0x40;
            await file.WriteAsync(bytes.AsMemory(8192, 2000));
        }
        await deployment.StartAgentAsync(RunningSite.Agent);
        (await ProgramRunner.RunAsync(Repository.Tool("qemu-io"), ["-r", "-f", "raw", "-c", "read -P 0x5a 0 1M", uri])).Succeeded();
        await deployment.StartSiloAsync();
        await Eventually.TrueAsync("a snapshot of what was recovered", async () =>
            (await deployment.CliAsync("snapshots", "create", volume, "--description", "recovered", "--wait")).ExitCode == 0);
    }

    private static async Task RefusedAsync(Deployment deployment, string code, params string[] arguments)
    {
        var result = await deployment.CliAsync(arguments);
        Assert.True(result.ExitCode != 0 && result.Errors.Contains(code, StringComparison.Ordinal),
            $"{result.Command}: expected {code}, got exit code {result.ExitCode} and\n{result.Errors}{result.Output}");
        Assert.True(result.Errors.Trim().Length > code.Length + 10, $"{code} comes without an explanation");
    }
}
