using Microsoft.Data.Sqlite;

namespace Tidegate.Silo.Schema;

/// <summary>
/// A pooled SQLite connection with our settings: every commit is synced (synchronous=FULL), and SQLite itself waits for a
/// lock in steps of milliseconds, where the ADO.NET provider would sleep 150 ms at a time.
/// </summary>
internal sealed class SqliteStateConnection(string connectionString) : SqliteConnection(connectionString)
{
    private const int BusyTimeoutMilliseconds = 5000;

    public override void Open()
    {
        base.Open();
        SQLitePCL.raw.sqlite3_busy_timeout(Handle, BusyTimeoutMilliseconds);
        using var command = CreateCommand();
        command.CommandText = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
        command.ExecuteNonQuery();
    }

    /// <summary>
    /// Returns the connection to the pool. A statement batch that failed between its BEGIN and COMMIT would otherwise
    /// leave its transaction, and with it the database's only write lock, in the pool.
    /// </summary>
    public override void Close()
    {
        if (State == System.Data.ConnectionState.Open && Handle is { } handle && SQLitePCL.raw.sqlite3_get_autocommit(handle) == 0)
        {
            using var command = CreateCommand();
            command.CommandText = "ROLLBACK";
            command.ExecuteNonQuery();
        }

        base.Close();
    }
}
