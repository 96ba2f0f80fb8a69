using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Tidegate.GatewayAgent.Options;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent left-over</c>: lists what volumes left behind on this machine, and removes what is named; the agent may run meanwhile.</summary>
internal static class LeftOverCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static Command Create()
    {
        var agent = new RunningAgent();
        var remove = new Option<string[]>("--remove") { Description = "Id of a volume whose left-over files are removed for good; may be given several times", HelpName = "VOLUME" };
        var command = new Command("left-over", "List the files of volumes that were deleted, and those put aside at the end of a divergence; or remove them. Nothing else ever removes them.")
        {
            agent.State, remove,
        };
        agent.AddOutputTo(command);
        command.SetAction((parsed, _) => AgentCommandLine.GuardAsync(() =>
            Task.FromResult(Run(agent.StateDirectory(parsed), parsed.GetValue(remove) ?? [], agent.WantsJson(parsed)))));
        return command;
    }

    private static int Run(string? state, string[] remove, bool asJson)
    {
        if (state is null) throw new AgentOptionsException(["State is missing: the directory to look at (--state)"]);
        var leftOvers = new LeftOvers(Path.Combine(Path.GetFullPath(state), AgentOptions.VolumesFolder));
        foreach (var volume in remove)
        {
            if (!leftOvers.Remove(volume))
                return AgentCommandLine.Fail(ExitCode.Usage, $"Nothing is left over of a volume '{volume}'.", "See tidegate-agent left-over for what is.");
            Console.Error.WriteLine($"Removed what was left of volume {volume}.");
        }
        var left = leftOvers.List();
        if (asJson) Console.WriteLine(JsonSerializer.Serialize(left, Json));
        else if (left.Count == 0) Console.WriteLine("Nothing is left over.");
        else Print(AgentCommandLine.Terminal(), left);
        return ExitCode.Success;
    }

    private static void Print(IAnsiConsole console, IReadOnlyList<LeftOver> left)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("Volume", "Why", "Files", "Size");
        foreach (var one in left) table.AddRow(one.VolumeId, one.Why, string.Join('\n', one.Files).EscapeMarkup(), DisplayText.Size(one.SizeBytes));
        console.Write(table);
        console.WriteLine("Remove what is not needed: tidegate-agent left-over --remove VOLUME");
    }
}
