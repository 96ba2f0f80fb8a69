using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Audit;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Audit;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

// The audit's checkpoints (docs/formats/audit.md), on either state store.
public abstract partial class SiloContract
{
    [Fact]
    public async Task An_accounts_audit_log_is_exported_with_checkpoints_that_prove_it_to_its_end()
    {
        using var account = await NewAccountAsync("proven");
        for (var number = 0; number < 3; number++) await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest($"key {number}"));
        var first = await account.Client.ExportAuditAsync(pageSize: 2).ToListAsync();
        Assert.True(first[^1].Checkpoint is not null);
        await AssertSoundAsync(account, first);

        // Nothing has changed: nothing is signed.
        Assert.Equal(first, await account.Client.ExportAuditAsync().ToListAsync());
        var sealer = Silo.Services.GetRequiredService<AuditSealer>();
        await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("one more"));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => sealer.SealAsync()));
        var second = await account.Client.ExportAuditAsync().ToListAsync();
        Assert.Equal(first, second.Take(first.Count));
        Assert.Equal(2, second.Count - first.Count);
        await AssertSoundAsync(account, second);
    }

    [Fact]
    public async Task An_audit_log_is_its_accounts_and_the_operators()
    {
        using var mine = await NewAccountAsync("mine-audit");
        using var other = await NewAccountAsync("other-audit");
        await AssertCodeAsync(ErrorCodes.NotFound, async () => await mine.Client.ExportAuditAsync(other.Id).ToListAsync());
        Assert.All(await mine.Client.ExportAuditAsync(mine.Id).ToListAsync(), line => Assert.Equal(mine.Id, line.Entry?.AccountId ?? line.Checkpoint!.AccountId));
        var administrator = Silo.Client(Silo.OperatorKey);
        Assert.Equal(await mine.Client.ExportAuditAsync().ToListAsync(), await administrator.ExportAuditAsync(mine.Id).ToListAsync());
        Assert.Contains(await administrator.ExportAuditAsync().ToListAsync(), line => line.Entry is { AccountId: "", Kind: "api-key.created" });
    }

    [Theory]
    [InlineData("UPDATE audit_log SET actor_id = 'key-00000000000000000000' WHERE account_id = @id AND kind = 'account.created'", "Altered: entry 1 of")]
    [InlineData("DELETE FROM audit_log WHERE account_id = @id AND kind = 'account.created'", "NotAsSigned: checkpoint 1: it was signed over 2 entries and 1 are here: entries were removed")]
    [InlineData("DELETE FROM audit_checkpoints WHERE account_id = @id AND number = 1", "BrokenCheckpoints: checkpoint 2")]
    [InlineData("UPDATE audit_checkpoints SET entries = 1 WHERE account_id = @id AND number = 1", "Forged: checkpoint 1")]
    public async Task What_was_tampered_with_in_the_database_is_found_and_named(string tampering, string found)
    {
        using var account = await NewAccountAsync("tampered");
        var store = Silo.Services.GetRequiredService<StateStore>();
        var (log, keys) = (Silo.Services.GetRequiredService<AuditExport>(), new[] { Silo.Services.GetRequiredService<IAuditSigningKey>().PublicKey });
        await account.Client.ExportAuditAsync().ToListAsync();
        await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("second"));
        await account.Client.ExportAuditAsync().ToListAsync();
        var output = new StringWriter();
        Assert.True(await StoredAudit.VerifyAsync(log, account.Id, keys, output, CancellationToken.None), output.ToString());
        Assert.Contains("3 entries, 3 of them proven by 2 checkpoints; sound", output.ToString(), StringComparison.Ordinal);

        // The database itself refuses; somebody who owns it takes its guards away first.
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => RunAsync(store, tampering, account.Id));
        await RunAsync(store, $"{Unguard(store, "audit_log")}; {Unguard(store, "audit_checkpoints")}; {Unreferenced} {tampering}", account.Id);
        output = new StringWriter();
        Assert.False(await StoredAudit.VerifyAsync(log, account.Id, keys, output, CancellationToken.None));
        Assert.Contains(found, output.ToString(), StringComparison.Ordinal);
        await RunAsync(store, Guard(store), account.Id);
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => RunAsync(store, "DELETE FROM audit_log WHERE account_id = @id", account.Id));
    }

    private static async Task AssertSoundAsync(TestAccount account, IEnumerable<AuditExportLine> lines)
    {
        using var verifier = new AuditVerifier(account.Id, AuditKeys.ReadPem((await account.Client.GetAuditKeyAsync()).PublicKey));
        foreach (var line in lines)
        {
            if (line.Entry is { } entry) verifier.Add(entry);
            if (line.Checkpoint is { } checkpoint) verifier.Add(checkpoint);
        }

        Assert.Empty(verifier.Findings);
        Assert.True(verifier.Entries > 0);
        Assert.Equal(verifier.Entries, verifier.ProvenEntries);
    }

    private static Task<int> RunAsync(StateStore store, string sql, string id) =>
        store.WriteAsync((connection, transaction) => connection.ExecuteAsync(sql, new { id }, transaction));

    private const string Unreferenced = "DELETE FROM events WHERE account_id = @id;";

    private static string Unguard(StateStore store, string table) => store.Provider == StateProvider.Postgres
        ? $"ALTER TABLE {table} DISABLE TRIGGER USER"
        : table == "audit_log" ? "DROP TRIGGER audit_log_keeps_rows; DROP TRIGGER audit_log_keeps_words" : "DROP TRIGGER audit_checkpoints_keep_rows; DROP TRIGGER audit_checkpoints_keep_words";

    private static string Guard(StateStore store) => store.Provider == StateProvider.Postgres
        ? "ALTER TABLE audit_log ENABLE TRIGGER USER; ALTER TABLE audit_checkpoints ENABLE TRIGGER USER"
        : string.Join(' ', SchemaScript.For(StateProvider.Sqlite).Where(script => script.Number is 5 or 8)
            .SelectMany(script => script.Sql.Split("CREATE TRIGGER").Skip(1)).Select(trigger => "CREATE TRIGGER" + trigger[..(trigger.IndexOf("END;", StringComparison.Ordinal) + 4)]));
}
