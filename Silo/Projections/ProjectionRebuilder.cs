using System.Data.Common;
using System.Globalization;
using Dapper;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Projections;

/// <summary>
/// Makes the projection anew from the audit log, in one transaction that readers do not see until it is done. Publishers
/// wait meanwhile, so that nothing falls between the log's end and the new rows.
/// </summary>
internal sealed class ProjectionRebuilder(StateStore store, TimeProvider time)
{
    /// <summary>Shape of the rows that this build writes; a database that records another is rebuilt at start.</summary>
    public const int Shape = 1;

    private const string Name = "resources";
    private const int BatchSize = 1000;

    /// <summary>Rebuilds; returns how many entries were applied.</summary>
    public Task<long> RebuildAsync(CancellationToken cancellationToken = default) => store.WriteAsync(
        (connection, transaction) => RebuildAsync(connection, transaction, cancellationToken), cancellationToken);

    /// <summary>Rebuilds when the rows have another shape than this build's; true when it did.</summary>
    public Task<bool> RebuildIfOutdatedAsync(CancellationToken cancellationToken = default) => store.WriteAsync(
        async (connection, transaction) =>
        {
            await LockAsync(connection, transaction);
            var shape = await connection.ExecuteScalarAsync<long?>("SELECT cast(shape AS bigint) FROM projection_offset WHERE projection = @Name", new { Name }, transaction);
            if (shape == Shape) return false;
            await RebuildAsync(connection, transaction, cancellationToken);
            return true;
        },
        cancellationToken);

    private async Task<long> RebuildAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        await LockAsync(connection, transaction);
        await connection.ExecuteAsync("DELETE FROM resources", transaction: transaction);
        long position = 0, applied = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var entries = (await connection.QueryAsync<(long Position, string Aggregate, string AccountId, long Number, string Body)>(
                "SELECT position, aggregate, account_id, number, body FROM audit_log WHERE position > @position ORDER BY position LIMIT @BatchSize",
                new { position, BatchSize },
                transaction)).ToList();
            foreach (var entry in entries)
                await ProjectionWriter.ApplyAsync(connection, transaction, entry.Aggregate, entry.AccountId, entry.Number, entry.Body);
            if (entries.Count == 0) break;
            applied += entries.Count;
            position = entries[^1].Position;
        }

        await connection.ExecuteAsync(
            """
            INSERT INTO projection_offset (projection, shape, position, rebuilt_at) VALUES (@Name, @Shape, @position, @rebuiltAt)
            ON CONFLICT (projection) DO UPDATE SET shape = excluded.shape, position = excluded.position, rebuilt_at = excluded.rebuilt_at
            """,
            new { Name, Shape, position, rebuiltAt = time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture) },
            transaction);
        return applied;
    }

    /// <summary>Keeps publishers out; SQLite's transaction has done so already.</summary>
    private Task LockAsync(DbConnection connection, DbTransaction transaction) => store.Provider == StateProvider.Postgres
        ? connection.ExecuteAsync("LOCK TABLE audit_log, resources IN EXCLUSIVE MODE", transaction: transaction)
        : Task.CompletedTask;
}
