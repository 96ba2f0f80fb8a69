using System.Data.Common;
using Dapper;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Audit;

/// <summary>
/// Keeps sealing and appending apart, so that a checkpoint covers every entry whose position is not above its own: PostgreSQL gives positions
/// before it commits. SQLite has one writer at a time by itself.
/// </summary>
internal static class AuditLock
{
    /// <summary>Any constant will do: it names our lock among the server's advisory locks.</summary>
    private const long Name = 0x7469_6465_6175_6469;

    /// <summary>For whoever appends; many at a time. Until the transaction ends.</summary>
    public static Task ShareAsync(StateStore store, DbConnection connection, DbTransaction transaction) => store.Provider == StateProvider.Postgres
        ? connection.ExecuteAsync("SELECT pg_advisory_xact_lock_shared(@Name)", new { Name }, transaction)
        : Task.CompletedTask;

    /// <summary>For whoever seals; alone. Until the transaction ends.</summary>
    public static Task TakeAsync(StateStore store, DbConnection connection, DbTransaction transaction) => store.Provider == StateProvider.Postgres
        ? connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@Name)", new { Name }, transaction)
        : Task.CompletedTask;
}
