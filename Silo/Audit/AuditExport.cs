using System.Globalization;
using Dapper;
using Tidegate.Client.Rest.Models;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Audit;

/// <summary>Reads an account's audit log with its checkpoints, in the order in which they are verified, page by page.</summary>
internal sealed class AuditExport(StateStore store)
{
    private const string Entries = """
        SELECT position, aggregate, number, account_id AS AccountId, kind, at, actor_id AS ActorId, body, previous_hash AS PreviousHash, hash FROM audit_log
        WHERE account_id = @accountId AND position > @after AND position <= @through ORDER BY position LIMIT @count
        """;

    private const string Checkpoint = """
        SELECT number, account_id AS AccountId, at, through_position AS ThroughPosition, entries, head, previous_hash AS PreviousHash, key_id AS KeyId, signature, hash
        FROM audit_checkpoints WHERE account_id = @accountId AND number > @number ORDER BY number LIMIT 1
        """;

    /// <summary>At most <paramref name="count"/> lines behind <paramref name="place"/>, and where the next page begins; null at the end.</summary>
    public Task<(IReadOnlyList<AuditExportLine> Lines, AuditExportPlace? Next)> PageAsync(string accountId, AuditExportPlace place, int count, CancellationToken cancellationToken) =>
        store.ReadAsync<(IReadOnlyList<AuditExportLine>, AuditExportPlace?)>(
            async connection =>
            {
                var lines = new List<AuditExportLine>();
                while (lines.Count < count)
                {
                    // The next that there is: that one is missing is for whoever verifies to see.
                    var number = place.Checkpoint;
                    var checkpoint = place.IsTail ? null : await connection.QuerySingleOrDefaultAsync<AuditCheckpointRow>(Checkpoint, new { accountId, number });
                    // What no checkpoint covers comes last, and nothing behind it: one that is signed meanwhile may cover what comes in between.
                    place = place with { IsTail = checkpoint is null };
                    var rows = (await connection.QueryAsync<AuditRow>(
                        Entries, new { accountId, after = place.Position, through = checkpoint?.ThroughPosition ?? long.MaxValue, count = count - lines.Count })).AsList();
                    lines.AddRange(rows.Select(row => new AuditExportLine(Silo.Api.Views.Of(row))));
                    if (rows.Count > 0) place = place with { Position = rows[^1].Position };
                    if (lines.Count == count) break;
                    if (checkpoint is null) return (lines, null);
                    lines.Add(new AuditExportLine(Checkpoint: Of(checkpoint)));
                    place = new AuditExportPlace(checkpoint.Number, Math.Max(place.Position, checkpoint.ThroughPosition), false);
                }

                return (lines, place);
            },
            cancellationToken);

    /// <summary>Every account that has entries or checkpoints; the service's own is the empty one.</summary>
    public Task<List<string>> AccountsAsync(CancellationToken cancellationToken) => store.ReadAsync(
        async connection => (await connection.QueryAsync<string>(
            "SELECT account_id FROM audit_log UNION SELECT account_id FROM audit_checkpoints ORDER BY account_id")).AsList(),
        cancellationToken);

    private static AuditCheckpointView Of(AuditCheckpointRow row) => new(
        row.Number, row.AccountId, DateTimeOffset.Parse(row.At, CultureInfo.InvariantCulture), row.Entries, Convert.ToHexStringLower(row.Head),
        Convert.ToHexStringLower(row.PreviousHash), Convert.ToHexStringLower(row.KeyId), Convert.ToHexStringLower(row.Signature), Convert.ToHexStringLower(row.Hash));
}
