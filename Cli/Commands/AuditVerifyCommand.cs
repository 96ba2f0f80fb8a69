using System.CommandLine;
using System.Text.Json;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Audit;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate audit verify</c>: a file, with the public key alone; or what the service gives out now.</summary>
internal static class AuditVerifyCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var file = new Argument<string?>("file") { Description = "An exported log; without it the service's is read", HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne };
        var keys = new Option<string[]>("--public-key") { Description = "PEM file of the key to trust; may be given several times. Needed for a file", HelpName = "FILE" };
        var earlier = new Option<string?>("--newer-than") { Description = "An earlier export: what is verified must go on from it", HelpName = "FILE" };
        var account = new Option<string?>("--account") { Description = "The account, for operators who verify without a file; without it the service's own log", HelpName = "ACCOUNT" };
        var command = new Command("verify", "Verify an audit log: every record's hash, every chain, every signed checkpoint. Exit code 10 when something is wrong.") { file, keys, earlier, account };
        command.SetAction(async (parsed, cancellation) =>
        {
            var trusted = (parsed.GetValue(keys) ?? []).SelectMany(path => AuditKeys.ReadPem(File.ReadAllText(path))).ToList();
            var known = parsed.GetValue(earlier) is { } before ? await NewestAsync(before, cancellation) : (Number: 0L, Hash: "");
            if (parsed.GetValue(file) is { } path)
            {
                if (trusted.Count == 0)
                    throw new TidegateException(ErrorCodes.InvalidArgument, "--public-key is missing.", "Give the key that the service showed when the log was trusted; one from beside the file proves nothing.");
                return Print(globals.CreatePrinter(parsed), await VerifyAsync(LinesAsync(path, cancellation), await AccountOfAsync(path, cancellation), trusted, known, isFile: true));
            }

            using var session = globals.Open(parsed);
            if (trusted.Count == 0) trusted.AddRange(AuditKeys.ReadPem((await session.Client.GetAuditKeyAsync(cancellation)).PublicKey));
            var accountId = parsed.GetValue(account) ?? (await session.Client.GetCallerAsync(cancellation)).AccountId;
            var lines = session.Client.ExportAuditAsync(accountId.Length == 0 ? null : accountId, cancellationToken: cancellation);
            return Print(session.Printer, await VerifyAsync(lines, accountId, trusted, known, isFile: false));
        });
        return command;
    }

    private static async Task<AuditVerdictView> VerifyAsync(
        IAsyncEnumerable<AuditExportLine> lines, string accountId, IReadOnlyList<byte[]> trusted, (long Number, string Hash) known, bool isFile)
    {
        using var verifier = new AuditVerifier(accountId, trusted);
        var (hasEnded, seen) = (!isFile, (string?)null);
        await foreach (var line in lines)
        {
            if (line.Entry is { } entry) verifier.Add(entry);
            if (line.Checkpoint is { } checkpoint)
            {
                verifier.Add(checkpoint);
                if (checkpoint.Number == known.Number) seen = verifier.Newest.Hash;
            }

            if (line.End is not { } end) continue;
            verifier.Add(end);
            hasEnded = true;
        }

        verifier.RequireSeen(known.Number, known.Hash, seen);
        var findings = hasEnded ? verifier.Findings : [.. verifier.Findings, new AuditFinding(AuditFindingKind.CutShort, "the end", "the file has no last line: it was cut off")];
        return new AuditVerdictView(accountId, verifier.Entries, verifier.ProvenEntries, verifier.Checkpoints, findings.Count == 0, findings);
    }

    private static int Print(Printer printer, AuditVerdictView verdict)
    {
        printer.One(
            verdict, CliJson.Default.AuditVerdictView,
            ("Account", verdict.AccountId.Length == 0 ? "the service" : verdict.AccountId), ("Entries", $"{verdict.Entries}, {verdict.ProvenEntries} of them proven by a checkpoint"),
            ("Checkpoints", $"{verdict.Checkpoints}"), ("Verdict", verdict.IsSound ? "sound" : $"{verdict.Findings.Count} findings"));
        if (!printer.AsJson && verdict.Findings.Count > 0)
            printer.Table(["Found", "Where", "Meaning"], verdict.Findings.Select(static finding => new[] { Printer.Word(finding.Kind), finding.Where, finding.Meaning }));
        return verdict.IsSound ? ExitCode.Success : ExitCode.Damaged;
    }

    private static async Task<(long Number, string Hash)> NewestAsync(string path, CancellationToken cancellation)
    {
        var newest = (0L, "");
        await foreach (var line in LinesAsync(path, cancellation))
        {
            if (line.Checkpoint is { } checkpoint) newest = (checkpoint.Number, checkpoint.Hash);
        }

        return newest;
    }

    // Whose log it is the first line says; every other one must agree.
    private static async Task<string> AccountOfAsync(string path, CancellationToken cancellation)
    {
        var first = await LinesAsync(path, cancellation).FirstOrDefaultAsync(cancellation);
        return first?.Entry?.AccountId ?? first?.Checkpoint?.AccountId ?? first?.End?.AccountId ?? "";
    }

    private static async IAsyncEnumerable<AuditExportLine> LinesAsync(string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var number = 0L;
        await foreach (var text in File.ReadLinesAsync(path, cancellation))
        {
            number++;
            AuditExportLine? line;
            try
            {
                line = JsonSerializer.Deserialize(text, RestJson.Default.AuditExportLine);
            }
            catch (JsonException damage)
            {
                throw new TidegateException(ErrorCodes.Corrupt, $"Line {number} of '{path}' is no line of an exported audit log: {damage.Message}", "Use the file as it was exported.");
            }

            if (line is not null) yield return line;
        }
    }
}
