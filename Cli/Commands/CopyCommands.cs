using System.CommandLine;
using System.Globalization;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate copies</c>: list, describe, cancel.</summary>
internal static class CopyCommands
{
    public static Command Create(GlobalOptions globals) => new("copies", "Copies of snapshots that other accounts offered: list, describe, cancel.")
    {
        List(globals), Describe(globals), Cancel(globals),
    };

    /// <summary>Shows a copy.</summary>
    public static void Print(Printer printer, SnapshotCopyView copy) => printer.One(
        copy, CliJson.Default.SnapshotCopyView,
        ("Copy", copy.CopyId), ("State", State(copy)), ("Snapshot", copy.SnapshotId), ("Offer", copy.OfferId), ("Size", ByteSize.Format(copy.SizeBytes)),
        ("Copied", ByteSize.Format(copy.CopiedBytes)), ("Begun", Printer.Time(copy.BegunAt)), ("Ended", Printer.Time(copy.EndedAt)),
        ("Failed because", copy.FailureReason));

    private static Command List(GlobalOptions globals)
    {
        var command = new Command("list", "List the account's copies: under way, complete, and failed.");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            IReadOnlyList<SnapshotCopyView> copies = await session.Client.ListCopiesAsync(cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                copies, CliJson.Default.IReadOnlyListSnapshotCopyView, "No copies. Accept an offer: tidegate offers accept OFFER",
                ["Copy", "State", "Snapshot", "Size", "Begun", "Ended", "Failed because"],
                static copy => [
                    copy.CopyId, State(copy), copy.SnapshotId, ByteSize.Format(copy.SizeBytes), Printer.Time(copy.BegunAt), Printer.Time(copy.EndedAt), copy.FailureReason]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Describe(GlobalOptions globals)
    {
        var copy = CopyArgument();
        var command = new Command("describe", "Show a copy and how far it is.") { copy };
        var wait = new WaitOptions(command, "the copy is complete");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = parsed.GetValue(copy)!;
            var limit = wait.Read(parsed);
            Print(session.Printer, limit is null ? await session.Client.GetCopyAsync(id, cancellation) : await session.Waiting.CopyCompletedAsync(id, limit.Value, cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Cancel(GlobalOptions globals)
    {
        var copy = CopyArgument();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("cancel", "Give up a copy that is being made; what it stored is freed. One that has failed leaves the list.") { copy, yes };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = parsed.GetValue(copy)!;
            if (!parsed.GetValue(yes) && !session.Printer.Confirm($"Cancel copy {id}?"))
            {
                session.Printer.Note("Nothing was changed.");
                return ExitCode.Interrupted;
            }

            await session.Client.CancelCopyAsync(id, cancellation);
            session.Printer.One(new DoneView(id, "cancelled"), CliJson.Default.DoneView, ("Cancelled", id));
            return ExitCode.Success;
        });
        return command;
    }

    private static Argument<string> CopyArgument() => new("COPY") { Description = "Id of a copy" };

    private static string State(SnapshotCopyView copy) => copy.Progress is > 0 and < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{Printer.Word(copy.State)} {copy.Progress:P0}")
        : Printer.Word(copy.State);
}
