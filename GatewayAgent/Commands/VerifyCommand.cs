using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Options;
using Tidegate.GatewayAgent.Verification;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>
/// <c>tidegate-agent verify</c>: checks what a stopped agent keeps, and says what is damaged and what to do. It holds the state directory's
/// lock meanwhile and changes nothing. A running agent checks its log whenever it opens a volume, and stops the volume at damage.
/// </summary>
internal static class VerifyCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static Command Create()
    {
        var agent = new RunningAgent();
        var volume = new Option<string?>("--volume") { Description = "Id of one volume; all of them without it", HelpName = "ID" };
        var command = new Command("verify",
            "Check the state directory of a stopped agent: identity, every log record, presence maps, stores, and stores against logs. Changes nothing.") { agent.State, volume };
        agent.AddOutputTo(command);
        command.SetAction((parsed, _) => AgentCommandLine.GuardAsync(() =>
            Task.FromResult(Run(agent.StateDirectory(parsed), parsed.GetValue(volume), agent.WantsJson(parsed)))));
        return command;
    }

    private static int Run(string? state, string? wanted, bool asJson)
    {
        if (state is null) throw new AgentOptionsException(["State is missing: the directory to verify (--state)"]);
        if (!Directory.Exists(state)) throw new IOException($"There is no state directory '{state}'.");
        IDisposable held;
        try
        {
            held = StateLock.Take(state);
        }
        catch (DiskFaultException)
        {
            return AgentCommandLine.Fail(ExitCode.Local, $"An agent is running on '{state}'; what it writes cannot be verified from outside.",
                "See tidegate-agent status for how its volumes are, or stop it first.");
        }
        using (held)
        {
            StateFormat.Check(state);
            var verifier = new StateVerifier(state, TimeProvider.System);
            verifier.Open();
            var ids = verifier.VolumeIds.Where(id => wanted is null || id == wanted).ToList();
            if (wanted is not null && ids.Count == 0)
                return AgentCommandLine.Fail(ExitCode.Usage, $"'{state}' holds no volume '{wanted}'.", $"It holds: {string.Join(", ", verifier.VolumeIds)}.");
            var volumes = Verify(verifier, ids);
            var isSound = volumes.TrueForAll(static v => v.IsSound) && !verifier.Findings.Exists(static f => f.IsDamage);
            if (asJson) Console.WriteLine(JsonSerializer.Serialize(new { isSound, findings = verifier.Findings, volumes }, Json));
            else Print(AgentCommandLine.Terminal(), verifier.Findings, volumes, isSound);
            return isSound ? ExitCode.Success : ExitCode.Damaged;
        }
    }

    /// <summary>Progress goes to standard error, and only to a terminal: standard output carries the report.</summary>
    private static List<VolumeVerification> Verify(StateVerifier verifier, List<string> ids)
    {
        if (Console.IsErrorRedirected) return [.. ids.Select(id => verifier.Verify(id, new Bars(null, null)))];
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
            ids.ConvertAll(id =>
            {
                var (log, store) = verifier.Extent(id);
                var bars = new Bars(context.AddTask($"{id} log", maxValue: Math.Max(1, log)), context.AddTask($"{id} store", maxValue: Math.Max(1, store)));
                var result = verifier.Verify(id, bars);
                bars.End();
                return result;
            }));
    }

    private static void Print(IAnsiConsole console, List<VerifyFinding> findings, List<VolumeVerification> volumes, bool isSound)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("Volume", "Result", "Log records", "Log", "Not yet at the service", "Store read", "Compared with the log");
        foreach (var volume in volumes)
        {
            table.AddRow(
                (volume.Name.Length > 0 ? $"{volume.Name} ({volume.VolumeId})" : volume.VolumeId).EscapeMarkup(), volume.IsSound ? "sound" : "[red]damaged[/]",
                $"{volume.Records}", DisplayText.Size(volume.LogBytes), DisplayText.Size(volume.UncommittedBytes), DisplayText.Size(volume.StoreBytes),
                DisplayText.Size(volume.ComparedBytes));
        }
        if (volumes.Count > 0) console.Write(table);
        foreach (var (owner, finding) in findings.Select(static f => ("agent", f)).Concat(volumes.SelectMany(static v => v.Findings.Select(f => (v.VolumeId, f)))))
        {
            console.WriteLine($"{owner}: {(finding.IsDamage ? "DAMAGE: " : "")}{finding.What}");
            console.WriteLine($"    {finding.NextStep}");
        }
        console.WriteLine(isSound ? "Everything that can be checked without the service is sound." : "There is damage; nothing was changed.");
    }

    private sealed class Bars(ProgressTask? log, ProgressTask? store) : IVerifyProgress
    {
        public void LogRead(long bytes)
        {
            if (log is not null) log.Value = bytes;
        }

        public void StoreRead(long bytes)
        {
            if (store is not null) store.Value = bytes;
        }

        // Logs and stores are seldom full: what was to be read has been.
        public void End()
        {
            if (log is not null) log.Value = log.MaxValue;
            if (store is not null) store.Value = store.MaxValue;
        }
    }
}
