using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tidegate.GatewayAgent.LocalConsole;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent status</c>: what a running agent says of itself, through its local page.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var agent = new RunningAgent();
        var command = new Command("status", "Show what a running agent is doing: state, link, volumes, backlog, age of the recovery point.");
        agent.AddTo(command);
        agent.AddOutputTo(command);
        command.SetAction((parsed, cancellation) => AgentCommandLine.GuardAsync(async () =>
        {
            var (json, status) = await agent.GetAsync(parsed, "/status", AgentJson.Default.AgentStatus, cancellation);
            if (agent.WantsJson(parsed)) Console.WriteLine(json);
            else Print(AgentCommandLine.Terminal(), status);
            return ExitCode.Success;
        }));
        return command;
    }

    private static void Print(IAnsiConsole console, AgentStatus status)
    {
        var facts = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        void Fact(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) facts.AddRow($"[grey]{name}[/]", value.EscapeMarkup());
        }
        Fact("State", DisplayText.State(status.State));
        Fact("Reason", status.Reason);
        Fact("Gateway", status.Gateway is { } gateway ? $"{gateway.Name} ({gateway.GatewayId}), account {gateway.AccountId}" : "not activated");
        Fact("Activation key", status.Activation is { } key ? $"{key.ActivationKey}, until {Time(key.Until)}" : null);
        Fact("Fingerprint", status.Activation?.KeyFingerprint);
        Fact("Link", status.Link is { } link ? $"{link.Endpoint}, since {Time(link.Since)}" : "none");
        Fact("Service", status.Service);
        Fact("Block service", status.NbdUri);
        Fact("Agent", $"version {status.AgentVersion}, since {Time(status.StartedAt)}");
        console.Write(facts);
        if (status.Volumes.Count > 0) VolumesCommand.Print(console, status.Volumes, null);
    }

    private static string Time(DateTimeOffset at) => at.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
}
