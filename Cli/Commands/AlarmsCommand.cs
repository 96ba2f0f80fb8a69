using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate gateways alarms</c>: what is wrong with volumes' ways to the service, of one gateway or of all (M2.10).</summary>
internal static class AlarmsCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var gateway = new Argument<string?>("GATEWAY") { Description = "Id or name of a gateway; all of the account without it", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("alarms", "List the alarms that are raised, of a gateway or of all.") { gateway };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            IReadOnlyList<string> ids = parsed.GetValue(gateway) is { } named
                ? [await session.Names.GatewayAsync(named, cancellation)]
                : await session.Client.ListGatewaysAsync(cancellationToken: cancellation).Select(static one => one.GatewayId).ToListAsync(cancellation);
            var raised = new List<AlarmEntry>();
            foreach (var id in ids)
            {
                var known = await session.Client.GetGatewayAsync(id, cancellationToken: cancellation);
                raised.AddRange(known.Alarms.Select(one => new AlarmEntry(id, known.Name, known.IsConnected, one.VolumeId, one.Alarms, one.ChangedAt)));
            }
            session.Printer.Many(
                raised, CliJson.Default.IReadOnlyListAlarmEntry, "No alarm is raised.", ["Gateway", "Connected", "Volume", "Alarms", "Since"],
                static one => [one.GatewayName, one.IsConnected ? "yes" : "no", one.VolumeId, string.Join(", ", one.Alarms), Printer.Time(one.ChangedAt)]);
            return ExitCode.Success;
        });
        return command;
    }
}
