using System.Data.Common;
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
        // Other systems have had their events; only the log and the lists come back.
        await AuditLog.AppendAsync(connection, transaction, entry);
        await ProjectionWriter.ApplyAsync(connection, transaction, entry.Aggregate, entry.AccountId, entry.Number, entry.Json);
    }
}
