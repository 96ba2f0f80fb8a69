using System.CommandLine;
using System.Globalization;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate volumes</c>: create, list, describe, resize, retention, objective, resolve, delete.</summary>
internal static class VolumeCommands
{
    private const int SectorBytes = 4096;

    public static Command Create(GlobalOptions globals) => new("volumes", "Volumes: create, list, describe, resize, retention, objective, resolve, delete, erase.")
    {
        CreateVolume(globals), List(globals), Describe(globals), Resize(globals), Retention(globals), Objective(globals), Resolve(globals), Delete(globals), Erase(globals),
    };

    /// <summary>A volume for people or programs.</summary>
    public static void Print(Printer printer, VolumeView volume) => printer.One(
        volume, CliJson.Default.VolumeView,
        ("Volume", volume.VolumeId), ("Name", volume.Name), ("Gateway", volume.GatewayId), ("Size", ByteSize.Format(volume.SizeBytes)),
        ("Restored from", volume.RestoredPoint is { } point ? $"{point.VolumeId} at {point.Sequence}, {Printer.Time(point.CommittedAt)}" : volume.SourceSnapshotId), ("Created", Printer.Time(volume.CreatedAt)), ("Recovery point", Printer.Time(volume.RecoveryPointAt)),
        ("State", volume.AgentStatus is { } status ? Printer.Word(status.State) : "pending"), ("Reason", volume.AgentStatus?.Reason),
        ("Since", Printer.Time(volume.AgentStatus?.Since)),
        ("Backlog", volume.AgentStatus is { } s ? ByteSize.Format(s.BacklogBytes) : null),
        ("Copied", volume.AgentStatus is { LeftBytes: > 0 } copy ? CopyWords(copy) : null),
        ("Scrubbed", volume.Scrub is { } scrub ? $"{Printer.Time(scrub.CompletedAt)}, {(scrub.DamageCount == 0 ? "sound" : $"{scrub.DamageCount} DAMAGED")}" : null),
        ("Damaged", volume.Scrub is { DamageCount: > 0 } found ? string.Join("; ", found.Damages.Select(static d => $"{d.Kind} {d.BlobKey}: {d.Problem}")) : null),
        ("Recovery point objective", volume.RecoveryPointObjectiveSeconds > 0 ? Printer.Age(volume.RecoveryPointObjectiveSeconds) : null),
        ("Alarms", string.Join(", ", volume.Alarms)), ("Served at", volume.AgentStatus is { } a ? string.Join(", ", a.ServingAt) : null));

    private static Command CreateVolume(GlobalOptions globals)
    {
        var gateway = new Option<string>("--gateway") { Description = "Id or name of the gateway that is to serve it", HelpName = "GATEWAY", Required = true };
        var name = new Option<string>("--name") { Description = "Name, unique within the account; also the NBD export's", HelpName = "NAME", Required = true };
        var size = new Option<string?>("--size") { Description = "Size, for example 4GiB; a multiple of 4096 bytes, 1 MiB to 16 TiB", HelpName = "SIZE" };
        var adopt = new Option<string?>("--adopt") { Description = "Absolute path of a raw image or block device on the gateway's machine to make the volume of, with what it holds", HelpName = "PATH" };
        var command = new Command("create", "Create a volume on a gateway, empty or of what is there.") { gateway, name, size, adopt };
        var wait = new WaitOptions(command, "the gateway serves it");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var adopted = parsed.GetValue(adopt);
            if (adopted is null && parsed.GetValue(size) is null)
                throw new TidegateException(ErrorCodes.InvalidArgument, "A new volume needs a size.", "Give --size, or --adopt with an image or block device.");
            long? bytes = parsed.GetValue(size) is { } given ? ReadSize(given) : null;
            var gatewayId = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            var volume = await session.Client.CreateVolumeAsync(new CreateVolumeRequest(gatewayId, parsed.GetValue(name)!, bytes, AdoptPath: adopted), cancellation);
            if (wait.Read(parsed) is { } limit) volume = await session.Waiting.VolumeServedAsync(volume.VolumeId, whole: false, limit, cancellation);
            Print(session.Printer, volume);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command List(GlobalOptions globals)
    {
        var gateway = new Option<string?>("--gateway") { Description = "Only those of this gateway (id or name)", HelpName = "GATEWAY" };
        var command = new Command("list", "List the account's volumes.") { gateway };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var gatewayId = parsed.GetValue(gateway) is { } named ? await session.Names.GatewayAsync(named, cancellation) : null;
            IReadOnlyList<VolumeSummary> volumes = await session.Client.ListVolumesAsync(gatewayId, cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                volumes, CliJson.Default.IReadOnlyListVolumeSummary, "No volumes. Create one: tidegate volumes create --gateway GATEWAY --name NAME --size 10GiB",
                ["Name", "Volume", "Gateway", "Size", "Restored from", "Created"],
                static v => [v.Name, v.VolumeId, v.GatewayId, ByteSize.Format(v.SizeBytes), v.SourceSnapshotId, Printer.Time(v.CreatedAt)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Describe(GlobalOptions globals)
    {
        var volume = VolumeArgument();
        var command = new Command("describe", "Show a volume.") { volume };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            Print(session.Printer, await session.Client.GetVolumeAsync(id, cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Resize(GlobalOptions globals)
    {
        var volume = VolumeArgument();
        var size = new Option<string>("--size") { Description = "New size, for example 8GiB; not less than the present one", HelpName = "SIZE", Required = true };
        var command = new Command("resize", "Grow a volume, in use or not. Hosts see the new size when they connect again.") { volume, size };
        var wait = new WaitOptions(command, "the gateway serves the new size");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var bytes = ReadSize(parsed.GetValue(size)!);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            var view = await session.Client.ResizeVolumeAsync(id, new ResizeVolumeRequest(bytes), cancellation);
            if (wait.Read(parsed) is { } limit) view = await session.Waiting.VolumeGrownAsync(id, bytes, limit, cancellation);
            Print(session.Printer, view);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Objective(GlobalOptions globals)
    {
        var volume = VolumeArgument();
        var span = SpanOption.Create("--recovery-point", "How old the newest recovery point may grow while the uplink works, 0:00:01 to 1.00:00:00 (0:01:00 unless set)");
        span.Required = true;
        var command = new Command("objective", "Set how old a volume's newest recovery point may grow: segments are cut for it, and an alarm tells when it is missed.") { volume, span };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            var seconds = (int)Math.Clamp(SpanOption.Seconds(parsed.GetValue(span)) ?? 0, 0, int.MaxValue);
            Print(session.Printer, await session.Client.SetObjectiveAsync(id, seconds, cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Retention(GlobalOptions globals)
    {
        var volume = VolumeArgument();
        var window = SpanOption.Create("--window", "How far back every commit is a recovery point: [days.]hours:minutes:seconds, at most 35 days");
        var every = SpanOption.Create("--thin-every", "Of older points one in each such interval is kept; 0:00:00 keeps none");
        var keep = SpanOption.Create("--thin-for", "How long those are kept");
        var command = new Command("retention", "Show or set what of a volume's past is kept besides its snapshots.") { volume, window, every, keep };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            var kept = await session.Client.GetRetentionAsync(id, cancellation);
            var asked = new RetentionView(
                SpanOption.Seconds(parsed.GetValue(window)) ?? kept.WindowSeconds, SpanOption.Seconds(parsed.GetValue(every)) ?? kept.ThinEverySeconds,
                SpanOption.Seconds(parsed.GetValue(keep)) ?? kept.ThinForSeconds);
            if (asked != kept) kept = await session.Client.SetRetentionAsync(id, asked, cancellation);
            session.Printer.One(
                kept, CliJson.Default.RetentionView, ("Every commit of", Span(kept.WindowSeconds)), ("Then one in", Span(kept.ThinEverySeconds)),
                ("Kept for", Span(kept.ThinForSeconds)));
            return ExitCode.Success;
        });
        return command;
    }

    private static string Span(long seconds) => TimeSpan.FromSeconds(seconds).ToString("c", CultureInfo.InvariantCulture);

    private static string CopyWords(VolumeStatusView status) =>
        $"{ByteSize.Format(status.CopiedBytes)} of {ByteSize.Format(status.CopiedBytes + status.LeftBytes)}"
        + (status.RemainingSeconds is { } seconds ? $", about {Span((long)Math.Ceiling(seconds))} left" : "");

    private static Command Resolve(GlobalOptions globals)
    {
        var volume = VolumeArgument();
        var keep = new Option<DivergenceChoice>("--keep")
        {
            Description = "The copy that goes on: local (the gateway's store is published over what the service has; its snapshots stay) or service (the gateway puts its store aside and fetches the volume anew)",
            HelpName = "COPY",
            Required = true,
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("resolve", "End the divergence of a volume: say which of its two copies goes on.") { volume, keep, yes };
        var wait = new WaitOptions(command, "the gateway serves it");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            var choice = parsed.GetValue(keep);
            if (!parsed.GetValue(yes) && !session.Printer.Confirm($"Go on with the {Printer.Word(choice)} copy of volume {parsed.GetValue(volume)}?"))
            {
                session.Printer.Note("Nothing was changed.");
                return ExitCode.Interrupted;
            }
            var view = await session.Client.ResolveDivergenceAsync(id, new ResolveDivergenceBody(choice), cancellation);
            if (wait.Read(parsed) is { } limit) view = await session.Waiting.VolumeServedAsync(id, whole: false, limit, cancellation, resolved: view.AgentStatus);
            Print(session.Printer, view);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Delete(GlobalOptions globals)
    {
        var volume = VolumeArgument();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("delete", "Delete a volume: it leaves its gateway. Its snapshots stay readable.") { volume, yes };
        var wait = new WaitOptions(command, "the gateway no longer serves it");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            if (!parsed.GetValue(yes) && !session.Printer.Confirm($"Delete volume {parsed.GetValue(volume)}?"))
            {
                session.Printer.Note("Nothing was changed.");
                return ExitCode.Interrupted;
            }
            var limit = wait.Read(parsed);
            var before = limit is null ? null : await session.Client.GetVolumeAsync(id, cancellation);
            await session.Client.DeleteVolumeAsync(id, cancellation);
            if (before is not null) await session.Waiting.VolumeGoneAsync(before, limit!.Value, cancellation);
            session.Printer.One(new DoneView(id, "deleted"), CliJson.Default.DoneView, ("Deleted", id));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Erase(GlobalOptions globals)
    {
        var volume = VolumeArgument();
        var confirm = new Option<string?>("--confirm") { Description = "Ids of all that becomes unreadable with it, separated by commas; the refusal names them", HelpName = "IDS" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("erase", "Delete a volume and destroy its keys: nothing that it ever stored can be read again.") { volume, confirm, yes };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.VolumeAsync(parsed.GetValue(volume)!, cancellation);
            var confirmed = parsed.GetValue(confirm)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
            if (!parsed.GetValue(yes) && !session.Printer.Confirm($"Destroy the keys of volume {parsed.GetValue(volume)} for ever?"))
            {
                session.Printer.Note("Nothing was changed.");
                return ExitCode.Interrupted;
            }
            await session.Client.EraseVolumeAsync(id, new EraseVolumeRequest(confirmed), cancellation);
            session.Printer.Note(
                "Copies of the wrapped keys may be left in backups of the service's database and of the bucket. The account's key opens them: destroy those backups, or rotate the account's key (tidegate keys rotate) and destroy its old generation.");
            session.Printer.One(new DoneView(id, "erased"), CliJson.Default.DoneView, ("Erased", id));
            return ExitCode.Success;
        });
        return command;
    }

    private static long ReadSize(string text)
    {
        if (!ByteSize.TryParse(text, out var bytes))
            throw new TidegateException(ErrorCodes.InvalidArgument, $"'{text}' is no size.", "Give a number and a unit, for example 4GiB.");
        if (bytes % SectorBytes != 0)
            throw new TidegateException(ErrorCodes.InvalidArgument, $"The size {bytes} is no multiple of {SectorBytes} bytes.", $"The next larger one is {((bytes / SectorBytes) + 1) * SectorBytes}.");
        return bytes;
    }

    private static Argument<string> VolumeArgument() => new("VOLUME") { Description = "Id or name of a volume" };
}
