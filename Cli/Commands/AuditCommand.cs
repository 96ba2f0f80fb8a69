using System.CommandLine;
using System.Globalization;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate audit</c>: who changed what, when; exported, and proven.</summary>
internal static class AuditCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var aggregate = new Option<string?>("--of") { Description = "Only records of this gateway, volume, snapshot, key or account (id)", HelpName = "ID" };
        var command = new Command("audit", "Show the account's audit log, oldest first. With --output json every record carries what changed, its hash and the one before.") { aggregate };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            IReadOnlyList<AuditRecordView> records = await session.Client.ListAuditAsync(parsed.GetValue(aggregate), cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                records, CliJson.Default.IReadOnlyListAuditRecordView, "No records.", ["At", "What", "Of", "Number", "By"],
                static r => [Printer.Time(r.At), r.Kind, r.Aggregate, r.Number.ToString(CultureInfo.InvariantCulture), r.ActorId]);
            return ExitCode.Success;
        });
        command.Subcommands.Add(Key(globals));
        command.Subcommands.Add(AuditExportCommand.Create(globals));
        command.Subcommands.Add(AuditVerifyCommand.Create(globals));
        return command;
    }

    private static Command Key(GlobalOptions globals)
    {
        var command = new Command("key", "Show the public key that the log's checkpoints are verified with. Keep it somewhere else than exports.");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var key = await session.Client.GetAuditKeyAsync(cancellation);
            session.Printer.One(key, CliJson.Default.AuditKeyView, ("Key", key.KeyId), ("", "\n" + key.PublicKey));
            return ExitCode.Success;
        });
        return command;
    }
}
