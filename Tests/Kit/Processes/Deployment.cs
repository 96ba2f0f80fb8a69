using System.Text.Json.Nodes;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>
/// A service and its agents as real processes over one temporary folder. Every part can be killed and started again on
/// the ports it had; what customers do goes through the command line.
/// </summary>
public sealed class Deployment : IAsyncDisposable
{
    private readonly Dictionary<string, ManagedProcess> _agents = [];
    private readonly IReadOnlyDictionary<string, string> _environment;
    private JsonObject? _siloReady;
    private readonly Dictionary<string, JsonObject> _agentReady = [];

    private Deployment(IReadOnlyDictionary<string, string>? environment)
    {
        _environment = environment ?? new Dictionary<string, string>();
        Folder = Directory.CreateTempSubdirectory("tidegate-e2e-").FullName;
    }

    /// <summary>Everything of this deployment lies here.</summary>
    public string Folder { get; }
    public ManagedProcess Silo { get; private set; } = null!;
    public string ApiKey { get; private set; } = "";
    public string AccountId { get; private set; } = "";
    public string CaFile => (string)_siloReady!["caFile"]!;
    public string ApiUrl => (string)_siloReady!["apiUrl"]!;
    public string BlobFolder => Path.Combine(Folder, "service", "blobs");

    /// <summary>Starts a silo and makes an account with a key. <paramref name="environment"/> configures the silo.</summary>
    public static async Task<Deployment> StartAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        var deployment = new Deployment(environment);
        try
        {
            await deployment.StartSiloAsync();
            var account = (await deployment.CliAsync(
                "setup", "--api", deployment.ApiUrl, "--ca", deployment.CaFile,
                "--operator-key-file", (string)deployment._siloReady!["operatorKeyFile"]!, "--account", "test")).Succeeded().Json;
            deployment.ApiKey = (string)account["apiKey"]!;
            deployment.AccountId = (string)account["accountId"]!;
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the silo, again on its ports when it ran before.</summary>
    public async Task StartSiloAsync()
    {
        List<string> arguments = ["run", "--state", Path.Combine(Folder, "service"), "--ready-file", Path.Combine(Folder, "silo.json")];
        if (_siloReady is not null)
        {
            arguments.AddRange([
                "--api", new Uri(ApiUrl).Authority.Replace("localhost", "127.0.0.1", StringComparison.Ordinal),
                "--agents", new Uri((string)_siloReady["agentsUrl"]!).Authority.Replace("localhost", "127.0.0.1", StringComparison.Ordinal),
                "--link", (string)_siloReady["linkEndpoint"]!]);
        }
        Silo = ManagedProcess.Start("the silo", Repository.Program("Silo"), arguments, Path.Combine(Folder, "silo.log"), Path.Combine(Folder, "silo.json"), _environment);
        _siloReady = await Silo.ReadyAsync(within: TimeSpan.FromSeconds(90));
    }

    /// <summary>Starts an agent, again on its ports when it ran before; returns its ready file.</summary>
    public async Task<JsonObject> StartAgentAsync(string name, Func<JsonObject, bool>? until = null)
    {
        var ready = Path.Combine(Folder, name + ".json");
        List<string> arguments = [
            "run", "--state", Path.Combine(Folder, name), "--service", (string)_siloReady!["agentsUrl"]!, "--ca", CaFile, "--ready-file", ready];
        arguments.AddRange(_agentReady.TryGetValue(name, out var before)
            ? ["--nbd", new Uri((string)before["nbdUri"]!).Authority, "--local", new Uri((string)before["localUrl"]!).Authority]
            : ["--nbd", "127.0.0.1:0", "--local", "127.0.0.1:0"]);
        var agent = _agents[name] = ManagedProcess.Start(name, Repository.Program("GatewayAgent"), arguments, Path.Combine(Folder, name + ".log"), ready);
        return _agentReady[name] = await agent.ReadyAsync(until);
    }

    public ManagedProcess Agent(string name) => _agents[name];

    /// <summary>The agent's ready file as it is now, once it satisfies the condition.</summary>
    public Task<JsonObject> AgentReadyAsync(string name, Func<JsonObject, bool> until) => _agents[name].ReadyAsync(until);

    /// <summary>Starts and activates an agent; returns the gateway's id.</summary>
    public async Task<string> ActivatedAgentAsync(string name)
    {
        var ready = await StartAgentAsync(name, r => r["activationKey"] is not null);
        await CliOkAsync("gateways", "activate", (string)ready["activationKey"]!, "--name", name, "--time-zone", "UTC");
        return (string)(await AgentReadyAsync(name, r => r["gatewayId"] is not null))["gatewayId"]!;
    }

    /// <summary>Creates a volume and waits until it is served; returns its id.</summary>
    public async Task<string> VolumeAsync(string gatewayId, string name, string size = "64MiB") =>
        (string)(await CliOkAsync("volumes", "create", "--gateway", gatewayId, "--name", name, "--size", size, "--wait"))["volumeId"]!;

    /// <summary>Where an agent serves a volume.</summary>
    public string NbdUri(string agent, string volumeName) => $"{((string)_agentReady[agent]["nbdUri"]!).TrimEnd('/')}/{volumeName}";

    /// <summary>Runs <c>tidegate</c> with this deployment's profile and JSON output.</summary>
    public Task<ProgramResult> CliAsync(params string[] arguments) => ProgramRunner.RunAsync(
        Repository.Program("Cli"), ["--profile-dir", Path.Combine(Folder, "profile"), .. arguments, "--output", "json"], TimeSpan.FromSeconds(180));

    /// <summary>The same, and it must succeed with a JSON object.</summary>
    public async Task<JsonObject> CliOkAsync(params string[] arguments)
    {
        var result = await CliAsync(arguments);
        return result.ExitCode == 0
            ? result.Json
            : throw new InvalidOperationException($"'{result.Command}' exited with {result.ExitCode}\n{result.Errors}\n{result.Output}\n" +
                $"silo:\n{Silo.LogTail()}\n{string.Join('\n', _agents.Select(a => $"{a.Key}:\n{a.Value.LogTail()}"))}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents.Values) await agent.DisposeAsync();
        if (Silo is not null) await Silo.DisposeAsync();
        if (Environment.GetEnvironmentVariable("TIDEGATE_KEEP") != "1") Directory.Delete(Folder, recursive: true);
    }
}
