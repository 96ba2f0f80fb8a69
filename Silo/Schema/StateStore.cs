using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Schema;

/// <summary>
/// The state database of a silo: where connections come from, under which name Orleans' providers know it, and who may
/// write when. One instance per process.
/// </summary>
internal sealed class StateStore : IAsyncDisposable
{
    /// <summary>PostgreSQL orders writers itself; this only keeps the connection pool from being asked for more than it has.</summary>
    private const int PostgresWriters = 64;

    private readonly WriterQueue _writers;

    public StateStore(StateOptions options)
    {
        Provider = options.Provider;
        if (Provider == StateProvider.Sqlite)
        {
            var connection = new SqliteConnectionStringBuilder(options.ConnectionString.Reveal()) { DefaultTimeout = options.CommandTimeoutSeconds };
            if (connection.DataSource.Length == 0) connection.DataSource = Path.Combine(options.Directory, "state.db");
            DataSource = new SqliteStateSource(connection.ConnectionString);
            _writers = new WriterQueue(1);
        }
        else
        {
            var connection = new NpgsqlConnectionStringBuilder(options.ConnectionString.Reveal())
            {
                CommandTimeout = options.CommandTimeoutSeconds,
                ApplicationName = "tidegate-silo",
            };
            DataSource = NpgsqlDataSource.Create(connection);
            _writers = new WriterQueue(PostgresWriters);
        }
    }

    /// <summary>Which database.</summary>
    public StateProvider Provider { get; }

    /// <summary>The name by which Orleans' ADO.NET providers choose their dialect.</summary>
    public string Invariant => Provider == StateProvider.Sqlite ? "System.Data.SQLite" : "Npgsql";

    /// <summary>Opens connections with the right settings.</summary>
    public DbDataSource DataSource { get; }

    /// <summary>Runs a write in its turn.</summary>
    public Task<T> QueueAsync<T>(Func<Task<T>> write, CancellationToken cancellationToken = default) => _writers.RunAsync(write, cancellationToken);

    /// <summary>Runs <paramref name="work"/> in one transaction, in its turn; commits when it returns, rolls back when it throws.</summary>
    public Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellationToken = default) =>
        _writers.RunAsync(() => Task.Run(
            async () =>
            {
                await using var connection = await DataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                // SQLite's provider begins IMMEDIATE, so the write lock is taken here and never upgraded to half-way.
                await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
                var result = await work(connection, transaction).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return result;
            },
            cancellationToken), cancellationToken);

    /// <summary>Runs a read. SQLite's calls block, so they leave the caller's thread.</summary>
    public Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellationToken = default) => Task.Run(
        async () =>
        {
            await using var connection = await DataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            return await work(connection).ConfigureAwait(false);
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (Provider == StateProvider.Sqlite) SqliteConnection.ClearPool(new SqliteConnection(DataSource.ConnectionString));
        _writers.Dispose();
    }
}
