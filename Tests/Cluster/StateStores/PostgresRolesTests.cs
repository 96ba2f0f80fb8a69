using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The roles of infra/postgres/roles.sql: one that may change tables, one that may only work with them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresRolesTests(PostgresDatabases databases)
{
    [Fact]
    public async Task The_owner_migrates_and_the_silos_role_can_work_but_not_rewrite_history()
    {
        var administrator = await databases.CreateDatabaseAsync();
        await using (var connection = new NpgsqlConnection(administrator))
            await connection.ExecuteAsync(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "infra", "postgres", "roles.sql")));
        await using var owner = new StateStore(As("tidegate_owner", administrator));
        await using var silo = new StateStore(As("tidegate_silo", administrator));
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => Migrator(silo).ApplyAsync());
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refusal.SqlState);

        await Migrator(owner).ApplyAsync();
        await Migrator(silo).CheckAsync();
        await DurabilityCheck.CheckAsync(silo);
        await using (var providers = await StoreProviders.OpenAsync(As("tidegate_silo", administrator), migrate: false))
            Assert.Empty((await providers.Membership.ReadAllAsync()).Members);
        foreach (var attempt in new[] { "ALTER TABLE audit_log DISABLE TRIGGER ALL", "DELETE FROM audit_log", "UPDATE audit_log SET body = ''", "TRUNCATE audit_log", "DROP TABLE audit_log" })
            await Assert.ThrowsAsync<PostgresException>(() => silo.WriteAsync((connection, transaction) => connection.ExecuteAsync(attempt, transaction: transaction)));
    }

    private static StateOptions As(string role, string connectionString) => new()
    {
        Directory = "/",
        Provider = StateProvider.Postgres,
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Username = role }.ConnectionString,
    };

    private static SchemaMigrator Migrator(StateStore store) => new(store, TimeProvider.System, NullLogger<SchemaMigrator>.Instance);
}
