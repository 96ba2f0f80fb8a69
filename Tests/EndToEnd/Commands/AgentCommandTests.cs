using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tidegate.Tests.EndToEnd.RoundTrip;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Commands;

/// <summary>What people ask of an agent on its own machine, of real processes.</summary>
public sealed partial class AgentCommandTests(SharedService service)
{
    private const string Name = "asked";
    private const string ProxyPassword = "correct-horse-battery";

    [Fact]
    public async Task Status_volumes_verify_and_support_bundle_of_an_agent_that_runs_and_of_one_that_does_not()
    {
        var deployment = await service.DeploymentAsync();
        var state = Path.Combine(deployment.Folder, Name);
        Assert.Equal((5, true), await FailedAsync("status", "--state", state));

        deployment.ConfigureAgent(Name, new Dictionary<string, string> { ["TIDEGATE_AGENT_PROXY"] = $"http://somebody:{ProxyPassword}@127.0.0.1:9", ["TIDEGATE_AGENT_NOPROXY"] = "*" });
        var ready = await deployment.StartAgentAsync(Name, static r => r["activationKey"] is not null);
        var key = (string)ready["activationKey"]!;
        var status = (await AgentAsync("status", "--ready-file", Path.Combine(deployment.Folder, Name + ".json"), "--json")).Succeeded().Json;
        Assert.Equal(key, (string?)status["activation"]!["activationKey"]);
        Assert.DoesNotContain(await BundleAsync(deployment, "activating", state), file => file.Value.Contains(key, StringComparison.Ordinal));

        await deployment.CliOkAsync("gateways", "activate", key, "--name", Name, "--time-zone", "UTC");
        var gateway = (string)(await deployment.AgentReadyAsync(Name, static r => r["gatewayId"] is not null))["gatewayId"]!;
        await deployment.VolumeAsync(gateway, "v");
        (await deployment.QemuIoAsync(Name, "v", "write -P 3 0 4M", "flush")).Succeeded();
        Assert.Contains("shadowing", (await AgentAsync("status", "--state", state)).Succeeded().Output, StringComparison.Ordinal);
        var volumes = JsonNode.Parse((await AgentAsync("volumes", "v", "--local", (string)ready["localUrl"]!, "--json")).Succeeded().Output)!.AsArray();
        Assert.Equal(4 << 20, (long)Assert.Single(volumes)!["traffic"]!["writtenBytes"]!);
        Assert.Equal((2, true), await FailedAsync("volumes", "none", "--state", state));
        Assert.Equal((4, true), await FailedAsync("verify", "--state", state));

        // Everything that lets somebody in, in every form: of the agent, and of the service that it belongs to.
        var secrets = SecretsOf(deployment).AddFile(Path.Combine(state, "identity", "key.pem")).Add("activation key", key).Add("proxy password", ProxyPassword);
        Assert.True(secrets.Names.Count > 6);
        var bundle = await BundleAsync(deployment, "running", state);
        Assert.All(bundle, file => Assert.Empty(secrets.FindIn(file.Value)));
        Assert.All(bundle, file => Assert.DoesNotMatch(LinkToken(), file.Value));
        Assert.Contains("is served", bundle["log.txt"], StringComparison.Ordinal);
        Assert.Contains("\"StateDirectory\"", bundle["settings.json"], StringComparison.Ordinal);
        Assert.Contains("tidegate.agent", bundle["metrics.json"], StringComparison.Ordinal);

        // Nor do the logs of the run, which the terminal's output of the agent is one of: that shows the activation key, as it must, and no more.
        var logs = Directory.GetFiles(deployment.Folder, "*.log");
        Assert.True(logs.Length >= 2);
        foreach (var log in logs)
        {
            var text = await File.ReadAllTextAsync(log);
            Assert.Empty(secrets.FindIn(text).Except(["activation key"]));
            Assert.DoesNotMatch(LinkToken(), text);
        }

        var audit = (await deployment.CliAsync("audit")).Succeeded().Output;
        Assert.Contains("gateway.certificate-issued", audit, StringComparison.Ordinal);
        Assert.Empty(secrets.FindIn(audit));
        Assert.DoesNotMatch(LinkToken(), audit);

        await AuditIsProvenAsync(deployment);

        await deployment.EndAgentAsync(Name, inOrder: true);
        Assert.Equal((5, true), await FailedAsync("status", "--state", state));
        var verified = (await AgentAsync("verify", "--state", state, "--json")).Succeeded().Json;
        Assert.True((bool)verified["isSound"]!);
        Assert.True((long)verified["volumes"]![0]!["storeBytes"]! >= 4 << 20);
        Assert.Contains("not-running.txt", (await BundleAsync(deployment, "ended", state)).Keys);

        var volume = Directory.GetDirectories(Path.Combine(state, "volumes")).Single();
        await using (var log = File.Open(Path.Combine(volume, "log"), FileMode.Open))
        {
            for (var copy = 0; copy < 2; copy++)
            {
                log.Position = copy * 4096 + 100;
                log.WriteByte(0xEE);
            }
        }
        var damaged = await AgentAsync("verify", "--state", state);
        Assert.Equal(6, damaged.ExitCode);
        Assert.Contains("neither copy of its superblock is readable", damaged.Output, StringComparison.Ordinal);
    }

    /// <summary>Exported, verified with the public key alone, straight in the database, and no more once a word is changed.</summary>
    private static async Task AuditIsProvenAsync(Deployment deployment)
    {
        var (export, key) = (Path.Combine(deployment.Folder, "audit.jsonl"), Path.Combine(deployment.StateFolder, "audit-public.pem"));
        Assert.True((long)(await deployment.CliOkAsync("audit", "export", "--to", export))["checkpoints"]! > 0);
        string[] offline = ["audit", "verify", export, "--public-key", key, "--profile", "nobody"];
        var verdict = await deployment.CliOkAsync(offline);
        Assert.True((bool)verdict["isSound"]!);
        Assert.Equal((long)verdict["entries"]!, (long)verdict["provenEntries"]!);
        Assert.True((bool)(await deployment.CliOkAsync("audit", "verify", "--newer-than", export))["isSound"]!);
        var stored = (await deployment.SiloCommandAsync("audit", "verify", "--state", deployment.StateFolder, "--account", deployment.AccountId)).Succeeded().Output;
        Assert.Contains("; sound.", stored, StringComparison.Ordinal);

        await File.WriteAllTextAsync(export, (await File.ReadAllTextAsync(export)).Replace("\"gateway.certificate-issued\"", "\"gateway.renamed\"", StringComparison.Ordinal));
        var tampered = await deployment.CliAsync(offline);
        Assert.Equal(10, tampered.ExitCode);
        Assert.Contains(tampered.Json["findings"]!.AsArray(), finding => (string?)finding!["kind"] == "altered");
    }

    private static SecretSearch SecretsOf(Deployment deployment)
    {
        var search = new SecretSearch().Add("API key", deployment.ApiKey);
        foreach (var file in Directory.GetFiles(deployment.StateFolder, "*key*", SearchOption.AllDirectories)) search.AddFile(file);
        return search;
    }

    // Link tokens and tickets are in memory alone; both are JSON or bytes and a MAC, in base64url, and long.
    [GeneratedRegex("eyJ[A-Za-z0-9_-]{40,}\\.[A-Za-z0-9_-]{43}|ticket=[A-Za-z0-9_-]{60,}|[?&]sig=[A-Za-z0-9%]{20,}")]
    private static partial Regex LinkToken();

    private static Task<ProgramResult> AgentAsync(params string[] arguments) => ProgramRunner.RunAsync(Repository.Program("GatewayAgent"), arguments);

    /// <summary>The exit code, and whether it said what is wrong and what to do.</summary>
    private static async Task<(int, bool)> FailedAsync(params string[] arguments)
    {
        var result = await AgentAsync(arguments);
        return (result.ExitCode, result.Errors.StartsWith("tidegate-agent: ", StringComparison.Ordinal) && result.Errors.Trim().Split('\n').Length >= 2 && result.Output.Length == 0);
    }

    private static async Task<Dictionary<string, string>> BundleAsync(Deployment deployment, string name, string state)
    {
        var path = Path.Combine(deployment.Folder, name + ".tar.gz");
        Assert.Equal(path, (await AgentAsync("support-bundle", "--state", state, "--to", path)).Succeeded().Output.Trim());
        await using var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        await using var tar = new TarReader(gzip);
        var files = new Dictionary<string, string>();
        while (await tar.GetNextEntryAsync() is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream!, Encoding.UTF8);
            files[Path.GetFileName(entry.Name)] = await reader.ReadToEndAsync();
        }
        return files;
    }
}
