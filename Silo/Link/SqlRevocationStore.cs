using System.Globalization;
using Dapper;
using Tidegate.Grains.Security;
using Tidegate.Silo.Options;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Link;

/// <summary>The revocations in the state database (<c>docs/protocols/link.md</c>, Revocation).</summary>
internal sealed class SqlRevocationStore(StateStore store, TimeProvider time) : IRevocationStore
{
    /// <summary>Any constant will do: it names our lock among the server's advisory locks.</summary>
    private const long PostgresLock = 0x7469_6465_7265_766f;

    private const string Insert = """
        INSERT INTO revoked_certificates (thumbprint, expires_at) VALUES (@Thumbprint, @ExpiresAt)
        ON CONFLICT (thumbprint) DO NOTHING
        """;

    private const string Read = """
        SELECT position, thumbprint, expires_at FROM revoked_certificates WHERE position > @position ORDER BY position LIMIT @limit
        """;

    public Task AddAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken) => store.WriteAsync(
        async (connection, transaction) =>
        {
            // A position is taken before its row is committed: one writer at a time, so that no silo reads past a row that is yet to appear.
            if (store.Provider == StateProvider.Postgres)
                await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@PostgresLock)", new { PostgresLock }, transaction);
            await connection.ExecuteAsync("DELETE FROM revoked_certificates WHERE expires_at < @now", new { now = Text(time.GetUtcNow()) }, transaction);
            foreach (var certificate in certificates)
                await connection.ExecuteAsync(Insert, new { Thumbprint = certificate.Thumbprint.ToUpperInvariant(), ExpiresAt = Text(certificate.ExpiresAt) }, transaction);
            return true;
        },
        cancellationToken);

    public Task<IReadOnlyList<Revocation>> ReadAfterAsync(long position, int limit, CancellationToken cancellationToken) => store.ReadAsync<IReadOnlyList<Revocation>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<(long Position, string Thumbprint, string ExpiresAt)>(
                new CommandDefinition(Read, new { position, limit }, cancellationToken: cancellationToken));
            return [.. rows.Select(row => new Revocation(row.Position, row.Thumbprint, DateTimeOffset.Parse(row.ExpiresAt, CultureInfo.InvariantCulture)))];
        },
        cancellationToken);

    private static string Text(DateTimeOffset at) => at.ToUniversalTime().ToString(ResourceRow.TimeFormat, CultureInfo.InvariantCulture);
}
