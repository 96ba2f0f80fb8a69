using Tidegate.Client.Audit;

namespace Tidegate.Silo.Audit;

/// <summary><c>Tidegate.Silo audit verify</c>: the audit log of a state database, read straight from its tables.</summary>
internal static class StoredAudit
{
    private const int PageSize = 1000;

    /// <summary>Verifies the log of one account, or of all and the service's own; prints one line each and every finding. True when all is well.</summary>
    public static async Task<bool> VerifyAsync(AuditExport log, string? accountId, IReadOnlyList<byte[]> publicKeys, TextWriter output, CancellationToken stop)
    {
        var isWell = true;
        foreach (var account in accountId is null ? await log.AccountsAsync(stop) : [accountId])
        {
            using var verifier = new AuditVerifier(account, publicKeys);
            for (var place = AuditExportPlace.Start; place is not null;)
            {
                var (lines, next) = await log.PageAsync(account, place, PageSize, stop);
                foreach (var line in lines)
                {
                    if (line.Entry is { } entry) verifier.Add(entry);
                    if (line.Checkpoint is { } checkpoint) verifier.Add(checkpoint);
                }

                place = next;
            }

            foreach (var finding in verifier.Findings) await output.WriteLineAsync($"{finding.Kind}: {finding.Where}: {finding.Meaning}.");
            isWell &= verifier.Findings.Count == 0;
            var name = account.Length == 0 ? "the service" : $"account {account}";
            await output.WriteLineAsync(
                $"{name}: {verifier.Entries} entries, {verifier.ProvenEntries} of them proven by {verifier.Checkpoints} checkpoints; {(verifier.Findings.Count == 0 ? "sound" : $"{verifier.Findings.Count} findings")}.");
        }

        return isWell;
    }
}
