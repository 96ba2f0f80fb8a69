using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate restore</c>: a snapshot or a recovery point becomes a new volume (M2.9).</summary>
internal static class RestoreCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var snapshot = new Argument<string?>("SNAPSHOT") { Description = "Id of a completed snapshot", Arity = ArgumentArity.ZeroOrOne };
        var origin = new Option<string?>("--volume") { Description = "Volume (id or name) of the recovery point that --at or --sequence names, instead of a snapshot", HelpName = "VOLUME" };
        var gateway = new Option<string>("--gateway") { Description = "Id or name of the gateway that is to serve the new volume; any of the account's", HelpName = "GATEWAY", Required = true };
        var name = new Option<string>("--name") { Description = "Name of the new volume", HelpName = "NAME", Required = true };
        var command = new Command("restore", "Make a new volume from a snapshot, or from a recovery point of a volume. What it is made from stays as it is.") { snapshot, origin, gateway, name };
        var point = new PointOptions(command);
        var wait = new WaitOptions(command, "all of it is at the gateway and served");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var gatewayId = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            var source = await ReadSourceAsync(session, parsed.GetValue(snapshot), parsed.GetValue(origin), point.Read(parsed), cancellation);
            var volume = await session.Client.CreateVolumeAsync(source with { GatewayId = gatewayId, Name = parsed.GetValue(name)! }, cancellation);
            if (wait.Read(parsed) is { } limit) volume = await session.Waiting.VolumeServedAsync(volume.VolumeId, whole: true, limit, cancellation);
            VolumeCommands.Print(session.Printer, volume);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<CreateVolumeRequest> ReadSourceAsync(
        Session session, string? snapshot, string? volume, RecoveryPointRequest? point, CancellationToken cancellation) => (snapshot, volume, point) switch
        {
            ({ } id, null, null) => new CreateVolumeRequest("", "", SourceSnapshotId: id),
            (null, { } named, { } at) => new CreateVolumeRequest(
                "", "", SourcePoint: new SourcePointRequest(await session.Names.VolumeAsync(named, cancellation), at.At, at.Sequence)),
            _ => throw new TidegateException(
                ErrorCodes.InvalidArgument, "What to restore is a snapshot, or a volume and a recovery point.",
                "Give SNAPSHOT, or --volume VOLUME with --at TIME or --sequence N."),
        };
}
