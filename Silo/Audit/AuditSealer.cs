using System.Data.Common;
using System.Globalization;
using Dapper;
using Tidegate.Grains.Interfaces.Audit;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Audit;

/// <summary>
/// Signs a checkpoint of every account whose audit log has grown (<c>docs/formats/audit.md</c>, Checkpoints). What it goes on from is one row per
/// account, however long the log. Any silo may do it: whoever comes second finds nothing left.
/// </summary>
internal sealed class AuditSealer(StateStore store, IAuditSigningKey key, TimeProvider time)
{
    /// <summary>Entries sealed in one transaction, which others wait for.</summary>
    private const int BatchSize = 5000;

    private const string Grown = """
        SELECT position, account_id AS AccountId, hash FROM audit_log
        WHERE position > (SELECT coalesce(max(through_position), 0) FROM audit_checkpoints) ORDER BY position LIMIT @BatchSize
        """;

    private const string Last = """
        SELECT number, entries, head, hash FROM audit_checkpoints WHERE account_id = @accountId ORDER BY number DESC LIMIT 1
        """;

    private const string Insert = """
        INSERT INTO audit_checkpoints (account_id, number, at, through_position, entries, head, previous_hash, key_id, signature, hash)
        VALUES (@AccountId, @Number, @At, @ThroughPosition, @Entries, @Head, @PreviousHash, @KeyId, @Signature, @Hash)
        """;

    /// <summary>Seals all that is not sealed; how many checkpoints that took.</summary>
    public async Task<int> SealAsync(CancellationToken cancellationToken = default)
    {
        var signed = 0;
        while (await store.WriteAsync(SealBatchAsync, cancellationToken) is var some and > 0) signed += some;
        return signed;
    }

    private async Task<int> SealBatchAsync(DbConnection connection, DbTransaction transaction)
    {
        await AuditLock.TakeAsync(store, connection, transaction);
        var entries = (await connection.QueryAsync<(long Position, string AccountId, byte[] Hash)>(Grown, new { BatchSize }, transaction)).AsList();
        if (entries.Count == 0) return 0;
        var (through, at, keyId) = (entries[^1].Position, AuditEncoding.Truncate(time.GetUtcNow()), AuditEncoding.KeyIdOf(key.PublicKey));
        var accounts = entries.GroupBy(entry => entry.AccountId).OrderBy(account => account.Key, StringComparer.Ordinal).ToList();
        foreach (var account in accounts)
        {
            var last = await connection.QuerySingleOrDefaultAsync<(long Number, long Entries, byte[]? Head, byte[]? Hash)>(Last, new { accountId = account.Key }, transaction);
            var head = account.Aggregate(last.Head ?? new byte[AuditEncoding.HashBytes], static (known, entry) => AuditEncoding.Extend(known, entry.Hash));
            var (number, count, previous) = (last.Number + 1, last.Entries + account.Count(), last.Hash ?? new byte[AuditEncoding.HashBytes]);
            var hash = AuditEncoding.HashOfCheckpoint(previous, number, account.Key, at, count, head, keyId);
            await connection.ExecuteAsync(
                Insert,
                new
                {
                    AccountId = account.Key,
                    Number = number,
                    At = at.ToString(ResourceRow.TimeFormat, CultureInfo.InvariantCulture),
                    ThroughPosition = through,
                    Entries = count,
                    Head = head,
                    PreviousHash = previous,
                    KeyId = keyId,
                    Signature = key.SignHash(hash),
                    Hash = hash,
                },
                transaction);
        }

        return accounts.Count;
    }
}
