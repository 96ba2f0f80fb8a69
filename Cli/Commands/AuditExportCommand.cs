using System.CommandLine;
using System.Text.Json;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate audit export</c>: the log as a file of lines, which needs no service to be verified.</summary>
internal static class AuditExportCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var to = new Option<string>("--to") { Description = "File to write; it must not be there yet", HelpName = "FILE", Required = true };
        var account = new Option<string?>("--account") { Description = "The account, for operators; without it the service's own log", HelpName = "ACCOUNT" };
        var command = new Command("export", "Write the whole audit log with its signed checkpoints to a file.") { to, account };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var path = Path.GetFullPath(parsed.GetValue(to)!);
            if (File.Exists(path)) throw new TidegateException(ErrorCodes.InvalidState, $"The file '{path}' is there already.", "Choose another one, or remove it.");
            var accountId = parsed.GetValue(account) ?? (await session.Client.GetCallerAsync(cancellation)).AccountId;
            var (entries, checkpoints) = (0L, 0L);
            // Under another name until it is whole.
            var temporary = path + ".part";
            await using (var file = new StreamWriter(temporary))
            {
                await foreach (var line in session.Client.ExportAuditAsync(accountId.Length == 0 ? null : accountId, cancellationToken: cancellation))
                {
                    if (line.Entry is not null) entries++;
                    if (line.Checkpoint is not null) checkpoints++;
                    await WriteAsync(file, line);
                }

                await WriteAsync(file, new AuditExportLine(End: new AuditExportEnd(accountId, entries, checkpoints)));
            }

            File.Move(temporary, path);
            session.Printer.One(
                new AuditExportView(path, accountId, entries, checkpoints), CliJson.Default.AuditExportView,
                ("File", path), ("Entries", $"{entries}"), ("Checkpoints", $"{checkpoints}"), ("Next", "verify it anywhere: tidegate audit verify FILE --public-key KEYFILE"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Task WriteAsync(StreamWriter file, AuditExportLine line) => file.WriteAsync(JsonSerializer.Serialize(line, RestJson.Default.AuditExportLine) + "\n");
}
