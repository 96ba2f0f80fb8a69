using System.Data.Common;
using Dapper;
using Tidegate.Grains.Outbox;
using Tidegate.Silo.Audit;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Projections;

/// <summary>
/// Takes outbox entries to the audit log, the events and the projection in one transaction. An entry that is there
/// already, with the same hash, is passed over; with another hash it is refused, because two histories of one aggregate
/// cannot both be true (I14).
/// </summary>
internal sealed class SqlOutboxPublisher(StateStore store) : IOutboxPublisher
{
    private const string Emit = """
        INSERT INTO events (position, aggregate, number, account_id, kind, at, body)
        VALUES (@Position, @Aggregate, @Number, @AccountId, @Kind, @At, @Json)
        """;

    /// <inheritdoc/>
    public Task PublishAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (entries.Count == 0) return Task.CompletedTask;
        return store.WriteAsync(
            async (connection, transaction) =>
            {
                await AuditLock.ShareAsync(store, connection, transaction);
                foreach (var entry in entries) await AppendAsync(connection, transaction, entry);
                return true;
            },
            cancellationToken);
    }

    private static async Task AppendAsync(DbConnection connection, DbTransaction transaction, OutboxEntry entry)
    {
        var position = await AuditLog.AppendAsync(connection, transaction, entry);
        if (position is not { } added)
        {
            var known = await AuditLog.HashOfAsync(connection, transaction, entry.Aggregate, entry.Number);
            if (known is null || !known.AsSpan().SequenceEqual(entry.Hash))
                throw new InvalidOperationException($"The audit log holds another entry {entry.Number} of {entry.Aggregate}. Its state was restored or copied; compare both before going on.");
            return;
        }

        // The chain is checked where it grows: a gap or another predecessor would make the log unverifiable for ever.
        var previous = entry.Number == 1 ? new byte[entry.PreviousHash.Length] : await AuditLog.HashOfAsync(connection, transaction, entry.Aggregate, entry.Number - 1);
        if (previous is null || !previous.AsSpan().SequenceEqual(entry.PreviousHash))
            throw new InvalidOperationException($"Entry {entry.Number} of {entry.Aggregate} does not follow the audit log's entry {entry.Number - 1}.");
        await connection.ExecuteAsync(Emit, new { Position = added, entry.Aggregate, entry.Number, entry.AccountId, entry.Kind, At = AuditLog.TimeOf(entry), entry.Json }, transaction);
        await ProjectionWriter.ApplyAsync(connection, transaction, entry.Aggregate, entry.AccountId, entry.Number, entry.Json);
    }
}
