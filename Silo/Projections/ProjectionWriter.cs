using System.Data.Common;
using Dapper;

namespace Tidegate.Silo.Projections;

/// <summary>Writes projection rows. An entry changes a row only when it is newer than what the row shows, so that repeats and any order do no harm.</summary>
internal static class ProjectionWriter
{
    private const string Upsert = """
        INSERT INTO resources (id, kind, account_id, parent_id, name, created_at, number, deleted, body)
        VALUES (@Id, @Kind, @AccountId, @ParentId, @Name, @CreatedAt, @Number, 0, @Body)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, account_id = excluded.account_id, parent_id = excluded.parent_id,
            name = excluded.name, created_at = excluded.created_at, number = excluded.number, deleted = 0, body = excluded.body
        WHERE resources.number < excluded.number
        """;

    private const string Bury = """
        INSERT INTO resources (id, kind, account_id, parent_id, name, created_at, number, deleted, body)
        VALUES (@Id, '', @AccountId, '', '', '', @Number, 1, '')
        ON CONFLICT (id) DO UPDATE SET number = excluded.number, deleted = 1
        WHERE resources.number < excluded.number
        """;

    /// <summary>Applies one entry.</summary>
    public static Task ApplyAsync(DbConnection connection, DbTransaction transaction, string aggregate, string accountId, long number, string json)
    {
        if (ResourceRow.From(json) is not { } row)
            return connection.ExecuteAsync(Bury, new { Id = aggregate, AccountId = accountId, Number = number }, transaction);
        return connection.ExecuteAsync(
            Upsert,
            new { Id = aggregate, row.Kind, AccountId = accountId, row.ParentId, row.Name, row.CreatedAt, Number = number, row.Body },
            transaction);
    }
}
