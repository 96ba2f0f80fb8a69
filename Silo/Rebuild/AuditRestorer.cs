using System.Data.Common;
using System.Globalization;
using Dapper;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Records;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Rebuild;

/// <summary>
/// Puts entries back into the audit log, the events and the projection. Unlike publication it takes them with gaps: what is missing in
/// the bucket stays missing, and the chain shows it.
/// </summary>
internal sealed class AuditRestorer(StateStore store) : IAuditRestore
{
    private const string Append = """
        INSERT INTO audit_log (aggregate, number, account_id, kind, at, actor_id, body, previous_hash, hash)
        VALUES (@Aggregate, @Number, @AccountId, @Kind, @At, @ActorId, @Json, @PreviousHash, @Hash)
        ON CONFLICT (aggregate, number) DO NOTHING
        """;

    /// <inheritdoc/>
    public Task RestoreAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken) => store.WriteAsync(
        async (connection, transaction) =>
        {
            foreach (var entry in entries) await RestoreAsync(connection, transaction, entry);
            return true;
        },
        cancellationToken);

    private static async Task RestoreAsync(DbConnection connection, DbTransaction transaction, OutboxEntry entry)
    {
        var at = entry.At.ToUniversalTime().ToString(ResourceRow.TimeFormat, CultureInfo.InvariantCulture);
        // Other systems have had their events; only the log and the lists come back.
        await connection.ExecuteAsync(
            Append,
            new { entry.Aggregate, entry.Number, entry.AccountId, entry.Kind, At = at, entry.ActorId, entry.Json, entry.PreviousHash, entry.Hash },
            transaction);
        await ProjectionWriter.ApplyAsync(connection, transaction, entry.Aggregate, entry.AccountId, entry.Number, entry.Json);
    }
}
