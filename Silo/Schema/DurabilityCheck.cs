using System.Data.Common;
using Dapper;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Schema;

/// <summary>
/// Refuses a database that may forget what it has confirmed: an acknowledged write of a customer is worth no more than
/// the grain state that names its segment (I1).
/// </summary>
internal static class DurabilityCheck
{
    /// <summary>Throws <see cref="SchemaException"/> that names each setting and the value it must have.</summary>
    public static Task CheckAsync(StateStore store, CancellationToken cancellationToken = default) => store.ReadAsync(
        async connection =>
        {
            var faults = store.Provider == StateProvider.Sqlite ? await SqliteFaultsAsync(connection) : await PostgresFaultsAsync(connection);
            if (faults.Count > 0)
                throw new SchemaException("The state database would lose confirmed writes in a crash: " + string.Join(" ", faults));
            return true;
        },
        cancellationToken);

    private static async Task<List<string>> SqliteFaultsAsync(DbConnection connection)
    {
        var faults = new List<string>();
        var synchronous = await connection.ExecuteScalarAsync<long>("PRAGMA synchronous");
        if (synchronous < 2)
            faults.Add($"SQLite's synchronous is {synchronous}; it must be FULL (2).");
        var journal = await connection.ExecuteScalarAsync<string>("PRAGMA journal_mode");
        if (!string.Equals(journal, "wal", StringComparison.OrdinalIgnoreCase))
            faults.Add($"SQLite's journal mode is '{journal}'; it must be WAL: put the file on a local file system and run `Tidegate.Silo migrate`.");
        return faults;
    }

    private static async Task<List<string>> PostgresFaultsAsync(DbConnection connection)
    {
        var faults = new List<string>();
        var version = await connection.ExecuteScalarAsync<int>("SELECT current_setting('server_version_num')::int");
        if (version < 150_000)
            faults.Add($"PostgreSQL is version {version / 10_000}; it must be 15 or newer.");
        foreach (var setting in new[] { "fsync", "full_page_writes" })
        {
            var value = await connection.ExecuteScalarAsync<string>("SELECT current_setting(@setting)", new { setting });
            if (value != "on")
                faults.Add($"PostgreSQL's {setting} is '{value}'; set `{setting} = on` in postgresql.conf and reload.");
        }

        var commit = await connection.ExecuteScalarAsync<string>("SELECT current_setting('synchronous_commit')");
        if (commit is not ("on" or "remote_apply"))
            faults.Add($"PostgreSQL's synchronous_commit is '{commit}' for this role and database; it must be 'on' (or 'remote_apply'): "
                + "`ALTER ROLE ... SET synchronous_commit = on` or remove it from the connection string.");
        return faults;
    }
}
