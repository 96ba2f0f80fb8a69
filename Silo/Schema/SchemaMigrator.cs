using System.Data;
using System.Data.Common;
using System.Globalization;
using Dapper;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Schema;

/// <summary>
/// Brings a database to the schema of this build. Each script runs in one transaction together with the row that records
/// it, under a lock, so that silos may start together and a crash leaves whole scripts only. A database that holds a
/// script we do not know, or another version of one, is refused and left alone.
/// </summary>
internal sealed partial class SchemaMigrator(StateStore store, TimeProvider time, ILogger<SchemaMigrator> logger)
{
    /// <summary>Any constant will do: it names our lock among the server's advisory locks.</summary>
    private const long PostgresLock = 0x7469_6465_6761_7465;

    private const string CreateJournal = """
        CREATE TABLE IF NOT EXISTS tidegate_schema (
            number     integer NOT NULL PRIMARY KEY,
            name       text    NOT NULL,
            checksum   text    NOT NULL,
            applied_at text    NOT NULL)
        """;

    private readonly IReadOnlyList<SchemaScript> _scripts = SchemaScript.For(store.Provider);

    /// <summary>Applies what is missing; returns how many scripts that was. Throws <see cref="SchemaException"/>.</summary>
    public async Task<int> ApplyAsync(CancellationToken cancellationToken = default)
    {
        if (store.Provider == StateProvider.Sqlite) await PrepareSqliteAsync(cancellationToken);
        var applied = 0;
        foreach (var script in _scripts)
        {
            var isNew = await store.WriteAsync(
                async (connection, transaction) =>
                {
                    if (store.Provider == StateProvider.Postgres)
                        await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@PostgresLock)", new { PostgresLock }, transaction);
                    await connection.ExecuteAsync(CreateJournal, transaction: transaction);
                    var journal = await JournalAsync(connection, transaction);
                    CheckKnown(journal);
                    if (journal.ContainsKey(script.Number)) return false;
                    await RunAsync(connection, transaction, script, cancellationToken);
                    return true;
                },
                cancellationToken);
            if (!isNew) continue;
            applied++;
            LogApplied(script.Name);
        }

        return applied;
    }

    /// <summary>Throws <see cref="SchemaException"/> unless exactly this build's scripts are applied; changes nothing.</summary>
    public Task CheckAsync(CancellationToken cancellationToken = default) => store.ReadAsync(
        async connection =>
        {
            IReadOnlyDictionary<int, string> journal;
            try
            {
                journal = await JournalAsync(connection, null);
            }
            catch (DbException e)
            {
                throw new SchemaException($"The state database has no Tidegate schema ({e.Message}). Run `Tidegate.Silo migrate` with the same options.");
            }

            CheckKnown(journal);
            var missing = _scripts.Where(script => !journal.ContainsKey(script.Number)).Select(script => script.Name).ToList();
            if (missing.Count > 0)
                throw new SchemaException($"The state database lacks the scripts {string.Join(", ", missing)}. Run `Tidegate.Silo migrate` with the same options.");
            return true;
        },
        cancellationToken);

    private async Task RunAsync(DbConnection connection, DbTransaction transaction, SchemaScript script, CancellationToken cancellationToken)
    {
        await using (var command = connection.CreateCommand())
        {
            command.Transaction = transaction;
#pragma warning disable CA2100 // Our own embedded script, without any input in it.
            command.CommandText = script.Sql;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await connection.ExecuteAsync(
            "INSERT INTO tidegate_schema (number, name, checksum, applied_at) VALUES (@Number, @Name, @Checksum, @AppliedAt)",
            new { script.Number, script.Name, script.Checksum, AppliedAt = time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture) },
            transaction);
    }

    private static async Task<IReadOnlyDictionary<int, string>> JournalAsync(DbConnection connection, DbTransaction? transaction)
    {
        var rows = await connection.QueryAsync<(long Number, string Checksum)>("SELECT cast(number AS bigint), checksum FROM tidegate_schema", transaction: transaction);
        return rows.ToDictionary(row => (int)row.Number, row => row.Checksum);
    }

    private void CheckKnown(IReadOnlyDictionary<int, string> journal)
    {
        foreach (var (number, checksum) in journal)
        {
            var script = _scripts.FirstOrDefault(candidate => candidate.Number == number)
                ?? throw new SchemaException($"The state database holds schema script {number}, which this version does not know. Run a version at least as new as the one that applied it.");
            if (script.Checksum != checksum)
                throw new SchemaException($"Schema script {script.Name} was applied in another wording (checksum {checksum}, ours {script.Checksum}). Restore the database that belongs to this version.");
        }
    }

    /// <summary>The journal mode is kept in the file and cannot be changed inside a transaction.</summary>
    private Task PrepareSqliteAsync(CancellationToken cancellationToken) => store.ReadAsync(
        connection => connection.ExecuteScalarAsync<string>(new CommandDefinition("PRAGMA journal_mode = WAL", cancellationToken: cancellationToken)),
        cancellationToken);

    [LoggerMessage(1101, LogLevel.Information, "Applied schema script {Script}")]
    private partial void LogApplied(string script);
}
