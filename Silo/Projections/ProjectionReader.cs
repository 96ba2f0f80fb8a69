using System.Text.Json;
using Dapper;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Projections;

/// <summary>Reads pages of the projection and of the audit log, each page from where the one before ended.</summary>
internal sealed class ProjectionReader(StateStore store)
{
    /// <summary>At most <paramref name="count"/> rows after (<paramref name="afterTime"/>, <paramref name="afterId"/>), oldest first.</summary>
    public Task<IReadOnlyList<(string Id, string AccountId, string CreatedAt, JsonElement Body)>> ResourcesAsync(
        ResourceQuery query, string afterTime, string afterId, int count, CancellationToken cancellationToken) =>
        ResourcesAsync(query, afterTime, afterId, count, "created_at, id", cancellationToken);

    /// <summary>The newest <paramref name="count"/> rows, newest first.</summary>
    public Task<IReadOnlyList<(string Id, string AccountId, string CreatedAt, JsonElement Body)>> NewestAsync(
        ResourceQuery query, int count, CancellationToken cancellationToken) =>
        ResourcesAsync(query, "", "", count, "created_at DESC, id DESC", cancellationToken);

    private Task<IReadOnlyList<(string Id, string AccountId, string CreatedAt, JsonElement Body)>> ResourcesAsync(
        ResourceQuery query, string afterTime, string afterId, int count, string order, CancellationToken cancellationToken)
    {
        var volumes = query.Volumes.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var parameters = new DynamicParameters(new { query.Kind, query.AccountId, query.ParentId, query.Name, afterTime, afterId, count });
        for (var i = 0; i < volumes.Length; i++) parameters.Add($"volume{i}", volumes[i]);
        var sql = "SELECT id, account_id, created_at, body FROM resources WHERE kind = @Kind AND deleted = 0 AND (created_at, id) > (@afterTime, @afterId)"
            + (query.AccountId is null ? "" : " AND account_id = @AccountId")
            + (query.ParentId is null ? "" : " AND parent_id = @ParentId")
            + (query.Name is null ? "" : " AND name = @Name")
            + (volumes.Length == 0 ? "" : query.VolumeColumn is { } column ? $" AND {column} IN ({string.Join(", ", volumes.Select((_, i) => $"@volume{i}"))})" : " AND 1 = 0")
            + $" ORDER BY {order} LIMIT @count";
        return store.ReadAsync<IReadOnlyList<(string, string, string, JsonElement)>>(
            async connection =>
            {
                var rows = await connection.QueryAsync<(string Id, string AccountId, string CreatedAt, string Body)>(sql, parameters);
                return [.. rows.Select(row => (row.Id, row.AccountId, row.CreatedAt, JsonDocument.Parse(row.Body).RootElement.Clone()))];
            },
            cancellationToken);
    }

    /// <summary>At most <paramref name="count"/> audit records after a position, oldest first.</summary>
    public Task<IReadOnlyList<AuditRow>> AuditAsync(string? accountId, string? aggregate, long afterPosition, int count, CancellationToken cancellationToken) =>
        AuditAsync(accountId, aggregate, "position > @from", "position", afterPosition, count, cancellationToken);

    /// <summary>At most <paramref name="count"/> audit records before a position, newest first.</summary>
    public Task<IReadOnlyList<AuditRow>> LatestAuditAsync(string? accountId, string? aggregate, long beforePosition, int count, CancellationToken cancellationToken) =>
        AuditAsync(accountId, aggregate, "position < @from", "position DESC", beforePosition, count, cancellationToken);

    private Task<IReadOnlyList<AuditRow>> AuditAsync(
        string? accountId, string? aggregate, string where, string order, long from, int count, CancellationToken cancellationToken)
    {
        var sql = $"SELECT position, aggregate, number, account_id AS AccountId, kind, at, actor_id AS ActorId, body, previous_hash AS PreviousHash, hash FROM audit_log WHERE {where}"
            + (accountId is null ? "" : " AND account_id = @accountId")
            + (aggregate is null ? "" : " AND aggregate = @aggregate")
            + $" ORDER BY {order} LIMIT @count";
        return store.ReadAsync<IReadOnlyList<AuditRow>>(
            async connection => [.. await connection.QueryAsync<AuditRow>(sql, new { accountId, aggregate, from, count })],
            cancellationToken);
    }
}
