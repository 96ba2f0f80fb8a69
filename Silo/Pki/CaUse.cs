using System.Text.Json;
using Dapper;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Pki;

/// <summary>How a gateway uses the CAs, as the projection has it.</summary>
/// <param name="GatewayId">The gateway.</param>
/// <param name="Name">Its name.</param>
/// <param name="AccountId">Whose it is.</param>
/// <param name="Trusted">Thumbprints of the CAs that its agent has said it trusts.</param>
/// <param name="Issuers">Thumbprints of the CAs of its certificates that have no successor in use yet and have not expired.</param>
internal sealed record CaUse(string GatewayId, string Name, string AccountId, IReadOnlyList<string> Trusted, IReadOnlyList<string> Issuers)
{
    /// <summary>True when its agent would connect to a silo with a certificate of the CA.</summary>
    public bool Trusts(string thumbprint) => Trusted.Contains(thumbprint, StringComparer.OrdinalIgnoreCase);

    /// <summary>True when it could not connect without the CA being trusted.</summary>
    public bool Uses(string thumbprint) => Issuers.Contains(thumbprint, StringComparer.OrdinalIgnoreCase);

    /// <summary>All gateways that are not deactivated.</summary>
    public static Task<IReadOnlyList<CaUse>> OfGatewaysAsync(StateStore store, TimeProvider time, CancellationToken cancellationToken) => store.ReadAsync<IReadOnlyList<CaUse>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<(string Id, string Account, string Name, string Body)>(
                "SELECT id, account_id, name, body FROM resources WHERE kind = 'gateway' AND deleted = 0 ORDER BY id");
            var now = time.GetUtcNow();
            return [.. rows.Select(row => Read(row.Id, row.Account, row.Name, row.Body, now))];
        },
        cancellationToken);

    /// <summary>Whether a gateway's certificate was ever issued.</summary>
    public static Task<bool> HasIssuedAsync(StateStore store, CancellationToken cancellationToken) => store.ReadAsync(
        static async connection => await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM (SELECT 1 FROM audit_log WHERE kind = 'gateway.certificate-issued' LIMIT 1) AS one") > 0,
        cancellationToken);

    /// <summary>Throws <see cref="CaException"/> when there was a CA already: a new one would be trusted by no gateway.</summary>
    public static void RefuseToReplace(bool hasIssued, string directory)
    {
        if (hasIssued)
        {
            throw new CaException(
                $"The state database says that gateways have certificates, and '{directory}' holds no CA. Restore ca.json, ca.pem and ca-key*.pem there from the backup of the state directory: " +
                "with a new CA every gateway would have to be activated again. If that is what you want, run 'Tidegate.Silo ca create' first.");
        }
    }

    private static CaUse Read(string id, string account, string name, string body, DateTimeOffset now)
    {
        using var row = JsonDocument.Parse(body);
        var trusted = row.RootElement.TryGetProperty("trustedAuthorities", out var trusts) ? trusts.EnumerateArray().Select(static one => one.GetString()!).ToArray() : [];
        var issuers = row.RootElement.TryGetProperty("issuers", out var used)
            ? used.EnumerateArray().Where(one => one.GetProperty("until").GetDateTimeOffset() > now).Select(static one => one.GetProperty("authority").GetString()!).ToArray()
            : [];
        return new CaUse(id, name, account, trusted, issuers);
    }
}
