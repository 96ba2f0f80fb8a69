using System.CommandLine;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Support;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent support-bundle</c>: one archive with what helps to find a fault and nothing secret, whether or not the agent runs.</summary>
internal static class SupportBundleCommand
{
    public static Command Create()
    {
        var agent = new RunningAgent();
        var to = new Option<string?>("--to") { Description = "The archive to write (default tidegate-support-TIME.tar.gz here)", HelpName = "FILE" };
        var log = new Option<string?>("--log") { Description = "A file whose last lines are taken in, for an agent that does not run (journalctl -u tidegate-agent > FILE)", HelpName = "FILE" };
        var command = new Command("support-bundle",
            "Write an archive for whoever helps: versions, settings, status, recent log, metrics, what the state directory holds. No keys, no data.") { to, log };
        agent.AddTo(command);
        command.SetAction((parsed, cancellation) => AgentCommandLine.GuardAsync(async () =>
        {
            var time = TimeProvider.System;
            var path = Path.GetFullPath(parsed.GetValue(to) ?? $"tidegate-support-{time.GetUtcNow():yyyyMMdd-HHmmss}.tar.gz");
            using (var bundle = SupportBundle.Create(path, time))
            {
                bundle.AddMachine();
                try
                {
                    bundle.AddJson("status.json", (await agent.GetAsync(parsed, "/status", AgentJson.Default.AgentStatus, cancellation)).Json);
                    bundle.AddJson("traffic.json", (await agent.GetAsync(parsed, "/traffic", AgentJson.Default.TrafficDocument, cancellation)).Json);
                    bundle.AddDiagnostics((await agent.GetAsync(parsed, "/diagnostics", AgentJson.Default.DiagnosticsDocument, cancellation)).Document);
                }
                catch (AgentNotRunningException absent)
                {
                    Console.Error.WriteLine($"tidegate-agent: {absent.Message} The bundle is made without what only a running agent knows.");
                    bundle.AddText("not-running.txt", absent.Message);
                }
                if (agent.StateDirectory(parsed) is { } state && Directory.Exists(state)) bundle.AddStateDirectory(state);
                if (parsed.GetValue(log) is { } file) bundle.AddLogFile(file);
            }
            Console.WriteLine(path);
            return ExitCode.Success;
        }));
        return command;
    }
}
