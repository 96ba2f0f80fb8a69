using System.CommandLine;
using System.Globalization;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate snapshots</c>: create, list, describe, changes, estimate, delete.</summary>
internal static class SnapshotCommands
{
    public static Command Create(GlobalOptions globals) => new("snapshots", "Snapshots: create, list, describe, changes, estimate, delete.")
    {
        CreateSnapshot(globals), List(globals), Describe(globals), Changes(globals), Estimate(globals), Delete(globals),
    };

    private static Command CreateSnapshot(GlobalOptions globals)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Id or name of a volume" };
        var description = new Option<string>("--description") { Description = "Your words for it", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var idempotencyKey = new Option<string?>("--idempotency-key") { Description = "Makes repeated commands with the same key one snapshot", HelpName = "KEY" };
        var command = new Command("create", "Take a snapshot. Returns as soon as its point is fixed at the gateway, whatever is still to be uploaded; or keep a recovery point as one, with --at or --sequence.") { volume, description, idempotencyKey };
        var point = new PointOptions(command);
        var wait = new WaitOptions(command, "the service holds all of it");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            var snapshot = await session.Client.CreateSnapshotAsync(id, new CreateSnapshotRequest(parsed.GetValue(description)!, point.Read(parsed)), parsed.GetValue(idempotencyKey), cancellation);
            if (wait.Read(parsed) is { } limit) snapshot = await session.Waiting.SnapshotCompletedAsync(snapshot.SnapshotId, limit, cancellation);
            Print(session.Printer, snapshot);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command List(GlobalOptions globals)
    {
        var volume = new Option<string?>("--volume") { Description = "Only those of this volume (id or name)", HelpName = "VOLUME" };
        var command = new Command("list", "List the account's snapshots.") { volume };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var volumeId = parsed.GetValue(volume) is { } named ? await session.Names.VolumeAsync(named, cancellation) : null;
            IReadOnlyList<SnapshotView> snapshots = await session.Client.ListSnapshotsAsync(volumeId, cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                snapshots, CliJson.Default.IReadOnlyListSnapshotView, "No snapshots. Take one: tidegate snapshots create VOLUME",
                ["Snapshot", "Volume", "State", "Size", "Requested", "Point", "Description"],
                static s => [s.SnapshotId, s.VolumeId, State(s), ByteSize.Format(s.SizeBytes), Printer.Time(s.RequestedAt), Printer.Time(s.PointAt), s.Description]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Describe(GlobalOptions globals)
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "Id of a snapshot" };
        var command = new Command("describe", "Show a snapshot.") { snapshot };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            Print(session.Printer, await session.Client.GetSnapshotAsync(parsed.GetValue(snapshot)!, cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Changes(GlobalOptions globals)
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "Id of a snapshot" };
        var since = new Option<string?>("--since") { Description = "Id of an earlier snapshot; without it everything that holds data is listed", HelpName = "SNAPSHOT" };
        var command = new Command("changes", "List what changed between two snapshots, in runs of 64 KiB blocks.") { snapshot, since };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            IReadOnlyList<ChangedExtent> changes = await session.Client
                .ListChangedBlocksAsync(parsed.GetValue(snapshot)!, parsed.GetValue(since), pageSize: 10_000, cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                changes, CliJson.Default.IReadOnlyListChangedExtent, "Nothing differs.", ["Offset", "Length", "In words"],
                static c => [c.OffsetBytes.ToString(CultureInfo.InvariantCulture), c.LengthBytes.ToString(CultureInfo.InvariantCulture), ByteSize.Format(c.LengthBytes)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Estimate(GlobalOptions globals)
    {
        var snapshots = new Argument<string[]>("SNAPSHOT") { Description = "Ids of snapshots of one volume", Arity = ArgumentArity.OneOrMore };
        var command = new Command("estimate", "Say what deleting snapshots together would free.") { snapshots };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var ids = parsed.GetValue(snapshots)!;
            var volume = (await session.Client.GetSnapshotAsync(ids[0], cancellation)).VolumeId;
            var estimate = await session.Client.EstimateReclaimAsync(volume, new EstimateReclaimRequest(ids), cancellation);
            (string, string?)[] rows = [("Frees", Words(estimate))];
            if (estimate.Waiting > 0) rows = [.. rows, ("Still being freed", string.Create(CultureInfo.InvariantCulture, $"{estimate.Waiting} units of earlier deletions and discards"))];
            session.Printer.One(estimate, CliJson.Default.ReclaimEstimateView, rows);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Delete(GlobalOptions globals)
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "Id of a snapshot" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("delete", "Delete a snapshot, in any order. Volumes made from it live on.") { snapshot, yes };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = parsed.GetValue(snapshot)!;
            if (!parsed.GetValue(yes))
            {
                var known = await session.Client.GetSnapshotAsync(id, cancellation);
                var estimate = await session.Client.EstimateReclaimAsync(known.VolumeId, new EstimateReclaimRequest([id]), cancellation);
                if (!session.Printer.Confirm($"Delete snapshot {id} of volume {known.VolumeId}? That frees {Words(estimate)}."))
                {
                    session.Printer.Note("Nothing was changed.");
                    return ExitCode.Interrupted;
                }
            }

            await session.Client.DeleteSnapshotAsync(id, cancellation);
            session.Printer.One(new DoneView(id, "deleted"), CliJson.Default.DoneView, ("Deleted", id));
            return ExitCode.Success;
        });
        return command;
    }

    private static string Words(ReclaimEstimateView estimate) => (estimate.IsAtLeast ? "at least " : "") + ByteSize.Format(estimate.Bytes);

    private static void Print(Printer printer, SnapshotView snapshot) => printer.One(
        snapshot, CliJson.Default.SnapshotView,
        ("Snapshot", snapshot.SnapshotId), ("Volume", snapshot.VolumeId), ("State", State(snapshot)), ("Description", snapshot.Description),
        ("Size", ByteSize.Format(snapshot.SizeBytes)), ("Requested", Printer.Time(snapshot.RequestedAt)), ("Point", Printer.Time(snapshot.PointAt)),
        ("Failed because", snapshot.FailureReason));

    private static string State(SnapshotView snapshot) => snapshot.Progress is > 0 and < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{Printer.Word(snapshot.State)} {snapshot.Progress:P0}")
        : Printer.Word(snapshot.State);
}
