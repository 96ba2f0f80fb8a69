using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Tidegate.Client.Rest;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>
/// A service and its agents as real processes over one temporary folder. Every part can be killed and started again on
/// the ports it had; what customers do goes through the command line.
/// </summary>
public sealed class Deployment : IAsyncDisposable
{
    // Tests wait for commits: those of a volume that is written to all the time come every second or so.
    private const int ObjectiveSeconds = 2;

    private readonly Dictionary<string, ManagedProcess> _agents = [];
    private readonly Dictionary<string, string> _environment;
    private readonly Dictionary<string, string> _agentEnvironment = [];
    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> _agentSettings = [];
    private readonly SortedDictionary<int, ManagedProcess> _silos = [];
    private readonly Dictionary<string, HeldPorts> _held = [];
    private readonly Dictionary<int, JsonObject> _siloReady = [];
    private readonly Dictionary<string, JsonObject> _agentReady = [];

    private Deployment(IReadOnlyDictionary<string, string>? environment)
    {
        _environment = new Dictionary<string, string>(environment ?? new Dictionary<string, string>());
        Folder = Directory.CreateTempSubdirectory("tidegate-e2e-").FullName;
    }

    /// <summary>Everything of this deployment lies here.</summary>
    public string Folder { get; }
    /// <summary>The first silo, and the only one unless more were asked for.</summary>
    public ManagedProcess Silo => Silos(0);
    public string ApiKey { get; private set; } = "";
    public string AccountId { get; private set; } = "";
    public string CaFile => (string)_siloReady[0]["caFile"]!;
    public string ApiUrl => SiloReady(0, "apiUrl");
    public string StateFolder => Path.Combine(Folder, "service");
    public string BlobFolder => Path.Combine(StateFolder, "blobs");
    public string AccountKeyFile => Path.Combine(StateFolder, "keys", AccountId + ".key");

    /// <summary>Starts silos and makes an account with a key. <paramref name="environment"/> configures the silos.</summary>
    public static async Task<Deployment> StartAsync(IReadOnlyDictionary<string, string>? environment = null, int silos = 1)
    {
        var deployment = new Deployment(environment);
        try
        {
            for (var number = 0; number < silos; number++) await deployment.StartSiloAsync(number);
            var account = (await deployment.CliAsync(
                "setup", "--api", deployment.ApiUrl, "--ca", deployment.CaFile,
                "--operator-key-file", deployment.SiloReady(0, "operatorKeyFile"), "--account", "test")).Succeeded().Json;
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

    /// <summary>A setting of the silos, as an environment variable, for those that are started from here on.</summary>
    public void Configure(string name, string value) => _environment[name] = value;

    /// <summary>A setting of the agents, likewise.</summary>
    public void ConfigureAgents(string name, string value) => _agentEnvironment[name] = value;

    /// <summary>Settings of one agent, as environment variables, whenever it is started from here on.</summary>
    public void ConfigureAgent(string agent, IReadOnlyDictionary<string, string> settings) => _agentSettings[agent] = settings;

    /// <summary>
    /// Starts a silo, again on its ports when it ran before. With <paramref name="ahead"/> its clock runs ahead by so much: hours of waiting
    /// are over when it comes back.
    /// </summary>
    public async Task StartSiloAsync(int number = 0, TimeSpan ahead = default)
    {
        var ready = Path.Combine(Folder, $"silo-{number}.json");
        List<string> arguments = ["run", "--state", StateFolder, "--ready-file", ready];
        if (_siloReady.ContainsKey(number))
        {
            arguments.AddRange(["--api", Authority(SiloReady(number, "apiUrl")), "--link", SiloReady(number, "linkEndpoint"), "--console", Authority(SiloReady(number, "consoleUrl"))]);
            // Behind a relay its settings say where it listens.
            if (!_environment.ContainsKey(Uplink.AgentsSetting)) arguments.AddRange(["--agents", Authority(SiloReady(number, "agentsUrl"))]);
        }
        var (program, first) = ahead == TimeSpan.Zero
            ? (Repository.Program("Silo"), Array.Empty<string>())
            : (Repository.Program("Tests.ShiftedSilo"), [ahead.TotalSeconds.ToString(CultureInfo.InvariantCulture)]);
        var silo = _silos[number] = ManagedProcess.Start(
            $"silo {number}", program, [.. first, .. arguments], Path.Combine(Folder, $"silo-{number}.log"), ready, _environment);
        _siloReady[number] = await silo.ReadyAsync();
        Release($"silo {number}");
    }

    /// <summary>Kills a silo, or ends it in order; its ports stay its own until it is started again.</summary>
    public async Task EndSiloAsync(int number = 0, bool inOrder = false)
    {
        if (inOrder)
        {
            if (await _silos[number].TerminateAsync() is var code and not 0) throw new InvalidOperationException($"Silo {number} exited with {code}:\n{_silos[number].LogTail()}");
        }
        else
        {
            await _silos[number].KillAsync();
        }

        Hold($"silo {number}", Authority(SiloReady(number, "apiUrl")), Authority(SiloReady(number, "agentsUrl")), Authority(SiloReady(number, "consoleUrl")), SiloReady(number, "linkEndpoint"));
    }

    /// <summary>Kills an agent, or ends it in order; its ports stay its own until it is started again.</summary>
    public async Task EndAgentAsync(string name, bool inOrder = false)
    {
        if (!inOrder) await _agents[name].KillAsync();
        else if (await _agents[name].TerminateAsync() is var code and not 0) throw new InvalidOperationException($"{name} exited with {code}:\n{_agents[name].LogTail()}");
        Hold(name, new Uri((string)_agentReady[name]["nbdUri"]!).Authority, new Uri((string)_agentReady[name]["localUrl"]!).Authority);
    }

    private void Hold(string process, params string[] ports)
    {
        // They are still held when it never came to be ready.
        if (!_held.ContainsKey(process)) _held[process] = new HeldPorts(ports.Select(IPEndPoint.Parse));
    }

    private void Release(string process)
    {
        if (_held.Remove(process, out var held)) held.Dispose();
    }

    public ManagedProcess Silos(int number) => _silos[number];

    /// <summary>What a silo's ready file says.</summary>
    public string SiloReady(int number, string property) => (string)_siloReady[number][property]!;

    private static string Authority(string url) => new Uri(url).Authority.Replace("localhost", "127.0.0.1", StringComparison.Ordinal);

    /// <summary>Starts an agent, again on its ports when it ran before; returns its ready file. With a fault it meets that from its first system call on.</summary>
    public async Task<JsonObject> StartAgentAsync(string name, Func<JsonObject, bool>? until = null, SystemCallFault? fault = null, IPAddress? address = null)
    {
        var ready = Path.Combine(Folder, name + ".json");
        var program = Repository.Program("GatewayAgent");
        List<string> arguments = [
            "run", "--state", Path.Combine(Folder, name), "--service", SiloReady(0, "agentsUrl"), "--ca", CaFile, "--ready-file", ready];
        arguments.AddRange(_agentReady.TryGetValue(name, out var before)
            ? ["--nbd", new Uri((string)before["nbdUri"]!).Authority, "--local", new Uri((string)before["localUrl"]!).Authority]
            : ["--nbd", $"{address ?? IPAddress.Loopback}:0", "--local", $"{address ?? IPAddress.Loopback}:0"]);
        // -D: strace is the grandchild, so that the process is the agent itself.
        if (fault is not null) arguments = ["-D", "-f", "-o", Path.Combine(Folder, name + ".strace"), .. fault.Arguments, program, .. arguments];
        var agent = _agents[name] = ManagedProcess.Start(
            name, fault is null ? program : Repository.Tool("strace"), arguments, Path.Combine(Folder, name + ".log"), ready,
            _agentSettings.TryGetValue(name, out var own) ? new Dictionary<string, string>([.. _agentEnvironment, .. own]) : _agentEnvironment);
        _agentReady[name] = await agent.ReadyAsync(until);
        Release(name);
        return _agentReady[name];
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
    public async Task<string> VolumeAsync(string gatewayId, string name, string size = "64MiB")
    {
        var volume = (string)(await CliOkAsync("volumes", "create", "--gateway", gatewayId, "--name", name, "--size", size, "--wait"))["volumeId"]!;
        using var client = Client();
        await client.SetObjectiveAsync(volume, ObjectiveSeconds);
        return volume;
    }

    /// <summary>Where an agent serves a volume.</summary>
    public string NbdUri(string agent, string volumeName) => $"{((string)_agentReady[agent]["nbdUri"]!).TrimEnd('/')}/{volumeName}";

    /// <summary>A volume's files at its agent: <c>log</c>, <c>store.raw</c>, <c>presence</c>.</summary>
    public string VolumeFile(string agent, string volumeId, string file) => Path.Combine(Folder, agent, "volumes", volumeId, file);

    /// <summary>What an agent's local page shows, which needs no service.</summary>
    public async Task<JsonObject> LocalStatusAsync(string agent)
    {
        using var http = new HttpClient();
        return JsonNode.Parse(await http.GetStringAsync(new Uri(new Uri((string)_agentReady[agent]["localUrl"]!), "/status")))!.AsObject();
    }

    /// <summary>A volume as that page shows it.</summary>
    public async Task<JsonObject> LocalVolumeAsync(string agent, string name) =>
        (await LocalStatusAsync(agent))["volumes"]!.AsArray().Single(volume => (string)volume!["name"]! == name)!["status"]!.AsObject();

    /// <summary>Runs another command of the silo's program with this deployment's settings.</summary>
    public Task<ProgramResult> SiloCommandAsync(params string[] arguments) =>
        ProgramRunner.RunAsync(Repository.Program("Silo"), arguments, TimeSpan.FromSeconds(180), _environment);

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
                $"{string.Join('\n', _silos.Select(s => $"silo {s.Key}:\n{s.Value.LogTail()}"))}\n{string.Join('\n', _agents.Select(a => $"{a.Key}:\n{a.Value.LogTail()}"))}");
    }

    /// <summary>The typed client with this deployment's key, for what many commands would take long for. The caller disposes of it.</summary>
    public TidegateRestClient Client(int attempts = 4) =>
        new(new RestClientOptions { Endpoint = new Uri(ApiUrl), CaFile = CaFile, ApiKey = ApiKey, MaxAttempts = attempts });

    /// <summary>Runs qemu-io's commands on a served volume.</summary>
    public Task<ProgramResult> QemuIoAsync(string agent, string volume, params string[] commands) => ProgramRunner.RunAsync(
        Repository.Tool("qemu-io"), ["-f", "raw", .. commands.SelectMany(command => new[] { "-c", command }), NbdUri(agent, volume)]);

    /// <summary>The whole of a served volume as a file; its SHA-256.</summary>
    public async Task<string> CopyAsync(string agent, string volume, string file)
    {
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), [NbdUri(agent, volume), file])).Succeeded();
        await using var content = File.OpenRead(file);
        return Convert.ToHexString(await SHA256.HashDataAsync(content));
    }

    /// <summary>Waits until a gateway answers over its link, for example after the silo was started again.</summary>
    public async Task ConnectedAsync(string gatewayId)
    {
        using var client = Client(attempts: 1);
        await Eventually.TrueAsync("the gateway is connected", async () => (await client.GetGatewayAsync(gatewayId, live: true)).Live is not null);
    }

    /// <summary>
    /// Waits until a gateway has uploaded everything. The agent itself is asked: what the service last heard may be from before a write.
    /// </summary>
    public async Task DrainedAsync(string gatewayId)
    {
        using var client = Client(attempts: 1);
        await Eventually.TrueAsync("all is uploaded", async () =>
            (await client.GetGatewayAsync(gatewayId, live: true)).Live!.Volumes.All(volume => volume.BacklogBytes == 0));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents.Values) await agent.DisposeAsync();
        foreach (var silo in _silos.Values) await silo.DisposeAsync();
        foreach (var held in _held.Values) held.Dispose();
        if (Environment.GetEnvironmentVariable("TIDEGATE_KEEP") != "1") Directory.Delete(Folder, recursive: true);
    }
}
