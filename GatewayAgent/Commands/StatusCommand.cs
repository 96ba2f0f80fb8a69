using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Tidegate.GatewayAgent.LocalConsole;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent status</c>: what a running agent says of itself, through its local page.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var local = new Option<string?>("--local") { Description = "Address of the agent's local page, http://host:port", HelpName = "URL" };
        var state = new Option<string?>("--state") { Description = "The agent's state directory, where it says what its page's address is", HelpName = "DIR" };
        var output = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = static _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var command = new Command("status", "Show what a running agent is doing: state, link, volumes, backlog, age of the recovery point.") { local, state, output };
        command.SetAction((parsed, cancellation) => AgentCommandLine.GuardAsync(() =>
            ShowAsync(parsed.GetValue(local), parsed.GetValue(state), parsed.GetValue(output) == "json", cancellation)));
        return command;
    }

    private static async Task<int> ShowAsync(string? local, string? state, bool asJson, CancellationToken cancellationToken)
    {
        if ((local is null) == (state is null)) return Fail(ExitCode.Usage, "Give either --local URL or --state DIR.");
        if ((local ?? ReadLocalUrl(state!)) is not { } url) return Fail(ExitCode.NotRunning, $"No agent has run on '{state}' yet, or it has ended.");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var page) || page.Scheme is not ("http" or "https")) return Fail(ExitCode.Usage, $"'{url}' is no http URL.");
        try
        {
            using var http = new HttpClient { Timeout = Limit };
            var json = await http.GetStringAsync(new Uri(page, "/status"), cancellationToken);
            var status = JsonSerializer.Deserialize(json, AgentJson.Default.AgentStatus) ?? throw new JsonException("the answer is empty");
            if (asJson) Console.WriteLine(json);
            else Print(AgentCommandLine.Terminal(), status);
            return ExitCode.Success;
        }
        catch (Exception error) when (error is HttpRequestException or JsonException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return Fail(ExitCode.NotRunning, $"No agent answers at {url}: {error.Message}");
        }
    }

    private static string? ReadLocalUrl(string stateDirectory)
    {
        var file = Path.Combine(stateDirectory, AgentProcess.RunFile);
        return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), AgentJson.Default.ReadyDocument)?.LocalUrl : null;
    }

    private static void Print(IAnsiConsole console, AgentStatus status)
    {
        var facts = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        void Fact(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) facts.AddRow($"[grey]{name}[/]", value.EscapeMarkup());
        }
        Fact("State", JsonNamingPolicy.CamelCase.ConvertName(status.State.ToString()));
        Fact("Reason", status.Reason);
        Fact("Gateway", status.Gateway is { } gateway ? $"{gateway.Name} ({gateway.GatewayId}), account {gateway.AccountId}" : "not activated");
        Fact("Activation key", status.Activation is { } key ? $"{key.ActivationKey}, until {key.Until.ToLocalTime():g}" : null);
        Fact("Fingerprint", status.Activation?.KeyFingerprint);
        Fact("Link", status.Link is { } link ? $"{link.Endpoint}, since {link.Since.ToLocalTime():g}" : "none");
        Fact("Service", status.Service);
        Fact("Block service", status.NbdUri);
        Fact("Agent", $"version {status.AgentVersion}, since {status.StartedAt.ToLocalTime():g}");
        console.Write(facts);
        if (status.Volumes.Count == 0) return;
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("Volume", "State", "Size", "Backlog", "Recovery point", "Served at");
        foreach (var (name, volume) in status.Volumes)
        {
            table.AddRow(
                name.EscapeMarkup(), volume.State.ToString(), Size(volume.SizeBytes), Size(volume.BacklogBytes),
                string.Create(CultureInfo.InvariantCulture, $"{volume.RecoveryPointAgeSeconds:0.#} s old"), string.Join('\n', volume.ServingAt).EscapeMarkup());
        }
        console.Write(table);
    }

    private static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var unit = 0;
        var value = (double)bytes;
        for (; value >= 1024 && unit < units.Length - 1; unit++) value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }

    private static int Fail(int exitCode, string what)
    {
        Console.Error.WriteLine($"tidegate-agent: {what}");
        return exitCode;
    }
}
