using System.CommandLine;
using System.Globalization;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate snapshots</c>: create, list, describe, group, changes, estimate, delete.</summary>
internal static class SnapshotCommands
{
    public static Command Create(GlobalOptions globals) => new("snapshots", "Snapshots: create, list, describe, group, changes, estimate, delete.")
    {
        CreateSnapshot(globals), List(globals), Describe(globals), Group(globals), Changes(globals), Estimate(globals), Delete(globals),
    };

    private static Command CreateSnapshot(GlobalOptions globals)
    {
        var volumes = new Argument<string[]>("VOLUME") { Description = "Id or name of a volume; several with --group", Arity = ArgumentArity.OneOrMore };
        var group = new Option<bool>("--group") { Description = "Of several volumes of one gateway at one point: all of the snapshots complete, or none does" };
        var description = new Option<string>("--description") { Description = "Your words for it", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var idempotencyKey = new Option<string?>("--idempotency-key") { Description = "Makes repeated commands with the same key one snapshot", HelpName = "KEY" };
        var command = new Command("create", "Take a snapshot. Returns as soon as its point is fixed at the gateway, whatever is still to be uploaded; or keep a recovery point as one, with --at or --sequence.") { volumes, group, description, idempotencyKey };
        var point = new PointOptions(command);
        var wait = new WaitOptions(command, "the service holds all of it");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var named = parsed.GetValue(volumes)!;
            if (parsed.GetValue(group)) return await CreateGroupAsync(session, named, parsed.GetValue(description)!, parsed.GetValue(idempotencyKey), point.Read(parsed), wait.Read(parsed), cancellation);
            if (named.Length > 1) throw new TidegateException(ErrorCodes.InvalidArgument, "Snapshots of several volumes at one point are a group.", "Add --group, or name one volume.");
            var id = await session.Names.VolumeAsync(named[0], cancellation);
            var snapshot = await session.Client.CreateSnapshotAsync(id, new CreateSnapshotRequest(parsed.GetValue(description)!, point.Read(parsed)), parsed.GetValue(idempotencyKey), cancellation);
            if (wait.Read(parsed) is { } limit) snapshot = await session.Waiting.SnapshotCompletedAsync(snapshot.SnapshotId, limit, cancellation);
            Print(session.Printer, snapshot);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<int> CreateGroupAsync(
        Session session, string[] named, string description, string? idempotencyKey, RecoveryPointRequest? point, TimeSpan? limit, CancellationToken cancellation)
    {
        if (point is not null) throw new TidegateException(ErrorCodes.InvalidArgument, "A group is of the present, not of a recovery point.", "Leave out --at and --sequence.");
        var ids = new List<string>(named.Length);
        foreach (var name in named) ids.Add(await session.Names.VolumeAsync(name, cancellation));
        var taken = await session.Client.CreateSnapshotGroupAsync(new CreateSnapshotGroupRequest(ids, description), idempotencyKey, cancellation);
        if (limit is { } patience) taken = await session.Waiting.GroupCompletedAsync(taken.GroupId, patience, cancellation);
        PrintGroup(session.Printer, taken);
        return ExitCode.Success;
    }

    private static Command Group(GlobalOptions globals)
    {
        var group = new Argument<string>("GROUP") { Description = "Id of a group of snapshots" };
        var command = new Command("group", "Show a group of snapshots that were taken at one point.") { group };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            PrintGroup(session.Printer, await session.Client.GetSnapshotGroupAsync(parsed.GetValue(group)!, cancellation));
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
        ("Consistency", Printer.Word(snapshot.Consistency)), ("Hooks said", snapshot.HookFailure),
        ("Moved", snapshot.IsPointMoved ? "writes went past the log before the service had the point: it is the end of the catch-up" : ""), ("Group", snapshot.GroupId), ("Failed because", snapshot.FailureReason));

    private static void PrintGroup(Printer printer, SnapshotGroupView group) => printer.One(
        group, CliJson.Default.SnapshotGroupView,
        [
            ("Group", group.GroupId), ("Gateway", group.GatewayId), ("State", Printer.Word(group.State)), ("Description", group.Description),
            ("Requested", Printer.Time(group.RequestedAt)), ("Taken", Printer.Time(group.TakenAt)),
            (group.State == SnapshotGroupState.Failed ? "Failed because" : "Waiting because", group.Reason),
            .. group.Snapshots.Select(static snapshot => (snapshot.VolumeId, (string?)$"{snapshot.SnapshotId} {State(snapshot)}, {Printer.Word(snapshot.Consistency)}-consistent")),
        ]);

    private static string State(SnapshotView snapshot) => snapshot.Progress is > 0 and < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{Printer.Word(snapshot.State)} {snapshot.Progress:P0}")
        : Printer.Word(snapshot.State);
}
