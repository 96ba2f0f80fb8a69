using System.CommandLine;
using Spectre.Console;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Support;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent check</c>: whether the agent would start with these settings; every fault at once, and nothing changed.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var settings = new SettingOptions();
        var command = new Command("check", "Check the settings and the files that they name, and that this agent knows the state directory's format; then show what is in force.");
        settings.AddTo(command);
        command.SetAction((parsed, _) => AgentCommandLine.GuardAsync(() =>
        {
            var options = settings.Read(parsed);
            if (Directory.Exists(options.StateDirectory)) StateFormat.Check(options.StateDirectory);
            var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
            foreach (var (name, value) in AgentDiagnostics.Settings(options)) grid.AddRow($"[grey]{name}[/]", value.EscapeMarkup());
            AgentCommandLine.Terminal().Write(grid);
            return Task.FromResult(ExitCode.Success);
        }));
        return command;
    }
}
