using System.Data.Common;
using System.Globalization;
using Dapper;
using Tidegate.Grains.Outbox;

namespace Tidegate.Silo.Projections;

/// <summary>The audit log's table (<c>docs/formats/audit.md</c>), written inside the transactions of others.</summary>
internal static class AuditLog
{
    private const string Append = """
        INSERT INTO audit_log (aggregate, number, account_id, kind, at, actor_id, body, previous_hash, hash)
        VALUES (@Aggregate, @Number, @AccountId, @Kind, @At, @ActorId, @Json, @PreviousHash, @Hash)
        ON CONFLICT (aggregate, number) DO NOTHING
        RETURNING position
        """;

    private const string Chained = "SELECT hash FROM audit_log WHERE aggregate = @Aggregate AND number = @Number";

    /// <summary>Appends an entry; its position, or null when one of that number is there.</summary>
    public static Task<long?> AppendAsync(DbConnection connection, DbTransaction transaction, OutboxEntry entry) =>
        connection.ExecuteScalarAsync<long?>(
            Append,
            new { entry.Aggregate, entry.Number, entry.AccountId, entry.Kind, At = TimeOf(entry), entry.ActorId, entry.Json, entry.PreviousHash, entry.Hash },
            transaction);

    /// <summary>Hash of an entry; null when it is not there.</summary>
    public static Task<byte[]?> HashOfAsync(DbConnection connection, DbTransaction transaction, string aggregate, long number) =>
        connection.ExecuteScalarAsync<byte[]?>(Chained, new { Aggregate = aggregate, Number = number }, transaction);

    /// <summary>An entry's time as the tables hold it.</summary>
    public static string TimeOf(OutboxEntry entry) => entry.At.ToUniversalTime().ToString(ResourceRow.TimeFormat, CultureInfo.InvariantCulture);
}
