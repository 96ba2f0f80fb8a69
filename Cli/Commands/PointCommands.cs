using System.CommandLine;
using System.Globalization;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate points</c>: list.</summary>
internal static class PointCommands
{
    private const int PageSize = 1000;

    public static Command Create(GlobalOptions globals) => new("points", "Recovery points of a volume: list.") { List(globals) };

    private static Command List(GlobalOptions globals)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Id or name of a volume" };
        var command = new Command("list", "List the commits that a volume can be restored, cloned and snapshotted at, oldest first.") { volume };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            var points = new List<RecoveryPointView>();
            string? token = null;
            do
            {
                var page = await session.Client.GetRecoveryPointsAsync(id, PageSize, token, cancellation);
                points.AddRange(page.Items);
                token = page.NextPageToken;
            }
            while (token is not null);
            session.Printer.Many(
                points, CliJson.Default.IReadOnlyListRecoveryPointView, "No recovery points: nothing is committed yet, or none is kept.",
                ["Sequence", "Committed", "Host's time", "Kept by"],
                static p => [p.Sequence.ToString(CultureInfo.InvariantCulture), Printer.Time(p.CommittedAt), Printer.Time(p.HostTime), p.IsThinned ? "thinning" : "window"]);
            return ExitCode.Success;
        });
        return command;
    }
}
