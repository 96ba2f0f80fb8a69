using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Options;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>
/// How commands find the running agent's page: its URL, the state directory or the ready file that names it, or where it is by default.
/// </summary>
internal sealed class RunningAgent
{
    private const string DefaultUrl = "http://127.0.0.1:8810";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly Option<string?> _local = new("--local") { Description = "URL of the agent's local page (default http://127.0.0.1:8810)", HelpName = "URL" };
    private readonly Option<string?> _readyFile = new("--ready-file") { Description = "The ready file that the agent was started with", HelpName = "FILE" };
    private readonly Option<bool> _json = new("--json") { Description = "JSON, the same as --output json" };
    private readonly Option<string> _output = new("--output", "-o") { Description = "table or json", DefaultValueFactory = static _ => "table" };

    public RunningAgent() => _output.AcceptOnlyFromAmong("table", "json");

    /// <summary>Names the state directory, also for commands that read it themselves.</summary>
    public Option<string?> State { get; } = new("--state") { Description = "The agent's state directory, where it says what its page's address is", HelpName = "DIR" };

    public void AddTo(Command command)
    {
        command.Options.Add(_local);
        command.Options.Add(State);
        command.Options.Add(_readyFile);
    }

    public void AddOutputTo(Command command)
    {
        command.Options.Add(_json);
        command.Options.Add(_output);
    }

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(_json) || parsed.GetValue(_output) == "json";

    /// <summary>What is given for the state directory: the option, or the agent's own environment variable.</summary>
    public string? StateDirectory(ParseResult parsed) =>
        parsed.GetValue(State) ?? Environment.GetEnvironmentVariable(AgentOptionsReader.EnvironmentPrefix + "STATE");

    /// <summary>One document of the agent's page, as text and parsed. Throws <see cref="AgentNotRunningException"/> when nobody answers.</summary>
    public async Task<(string Json, T Document)> GetAsync<T>(ParseResult parsed, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var url = FindUrl(parsed);
        try
        {
            // The page is on this machine: a proxy would only be in the way.
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Limit };
            var json = await http.GetStringAsync(new Uri(url, path), cancellationToken);
            return (json, JsonSerializer.Deserialize(json, type) ?? throw new JsonException("the answer is empty"));
        }
        catch (Exception error) when (error is HttpRequestException or JsonException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new AgentNotRunningException($"No agent answers at {url}: {error.Message}", error);
        }
    }

    private Uri FindUrl(ParseResult parsed)
    {
        var (local, ready) = (parsed.GetValue(_local), parsed.GetValue(_readyFile));
        if (new[] { local, ready, parsed.GetValue(State) }.Count(static given => given is not null) > 1)
            throw new AgentOptionsException(["give only one of --local, --state and --ready-file"]);
        var file = ready ?? (local is null && StateDirectory(parsed) is { } state ? Path.Combine(state, AgentProcess.RunFile) : null);
        var text = local ?? (file is null ? DefaultUrl : ReadUrl(file));
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new AgentOptionsException([$"'{text}' is no http URL"]);
    }

    private static string ReadUrl(string file)
    {
        if (!File.Exists(file)) throw new AgentNotRunningException($"'{file}' does not exist: no agent has run there yet, or it has ended.");
        ReadyDocument? ready;
        try
        {
            ready = JsonSerializer.Deserialize(File.ReadAllBytes(file), AgentJson.Default.ReadyDocument);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"'{file}' is no ready file of an agent: {error.Message}", error);
        }
        if (ready is null) throw new InvalidDataException($"'{file}' is empty.");
        // A killed agent leaves its file behind, and its port may be somebody else's by now.
        if (!Directory.Exists($"/proc/{ready.Pid}"))
            throw new AgentNotRunningException($"The agent that wrote '{file}', process {ready.Pid}, has ended without a farewell; it was killed, or it crashed.");
        return ready.LocalUrl;
    }
}
