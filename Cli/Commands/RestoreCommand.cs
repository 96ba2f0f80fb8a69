using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate restore</c>: a snapshot becomes a new volume (M2.9).</summary>
internal static class RestoreCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "Id of a completed snapshot" };
        var gateway = new Option<string>("--gateway") { Description = "Id or name of the gateway that is to serve the new volume; any of the account's", HelpName = "GATEWAY", Required = true };
        var name = new Option<string>("--name") { Description = "Name of the new volume", HelpName = "NAME", Required = true };
        var command = new Command("restore", "Make a new volume from a snapshot. The snapshot and its volume stay as they are.") { snapshot, gateway, name };
        var wait = new WaitOptions(command, "all of it is at the gateway and served");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var gatewayId = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            var volume = await session.Client.CreateVolumeAsync(
                new CreateVolumeRequest(gatewayId, parsed.GetValue(name)!, SourceSnapshotId: parsed.GetValue(snapshot)!), cancellation);
            if (wait.Read(parsed) is { } limit) volume = await session.Waiting.VolumeServedAsync(volume.VolumeId, whole: true, limit, cancellation);
            VolumeCommands.Print(session.Printer, volume);
            return ExitCode.Success;
        });
        return command;
    }
}
