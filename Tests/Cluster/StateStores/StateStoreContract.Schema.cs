using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Silo.Schema;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The schema half: migrations and durability settings.</summary>
public abstract partial class StateStoreContract
{
    [Fact]
    public async Task Migrating_again_changes_nothing()
    {
        Assert.Equal(0, await Migrator(Providers.Store).ApplyAsync());
        await Migrator(Providers.Store).CheckAsync();
    }

    [Fact]
    public async Task Silos_that_migrate_an_empty_database_together_apply_each_script_once()
    {
        var options = await NewDatabaseAsync();
        await using var first = new StateStore(options);
        await using var second = new StateStore(options);
        var applied = await Task.WhenAll(Migrator(first).ApplyAsync(), Migrator(second).ApplyAsync());
        Assert.Equal(SchemaScript.For(options.Provider).Count, applied.Sum());
    }

    [Fact]
    public async Task An_empty_database_is_refused_with_what_to_do()
    {
        await using var store = new StateStore(await NewDatabaseAsync());
        var refusal = await Assert.ThrowsAsync<SchemaException>(() => Migrator(store).CheckAsync());
        Assert.Contains("Tidegate.Silo migrate", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE tidegate_schema SET checksum = 'another' WHERE number = 3", "another wording")]
    [InlineData("INSERT INTO tidegate_schema (number, name, checksum, applied_at) VALUES (99, '0099-later.sql', 'x', 'then')", "does not know")]
    public async Task A_database_of_another_version_is_refused_and_left_alone(string damage, string expected)
    {
        await ExecuteAsync(damage);
        Assert.Contains(expected, (await Assert.ThrowsAsync<SchemaException>(() => Migrator(Providers.Store).CheckAsync())).Message, StringComparison.Ordinal);
        Assert.Contains(expected, (await Assert.ThrowsAsync<SchemaException>(() => Migrator(Providers.Store).ApplyAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_without_its_last_script_is_refused_until_it_is_migrated()
    {
        await ExecuteAsync("DROP TABLE revoked_certificates; DELETE FROM tidegate_schema WHERE number = 7");
        Assert.Contains("0007-revocations.sql", (await Assert.ThrowsAsync<SchemaException>(() => Migrator(Providers.Store).CheckAsync())).Message, StringComparison.Ordinal);
        Assert.Equal(1, await Migrator(Providers.Store).ApplyAsync());
        await Migrator(Providers.Store).CheckAsync();
    }

    [Fact]
    public async Task A_batch_that_fails_half_way_leaves_no_transaction_behind()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => Providers.Store.ReadAsync(connection =>
            connection.ExecuteAsync("BEGIN; INSERT INTO events (position, aggregate, number, account_id, kind, at, body) VALUES (1, NULL, 1, '', '', '', '')")));
        await ExecuteAsync("INSERT INTO projection_offset (projection, shape, position, rebuilt_at) VALUES ('p', 1, 1, 'now')");
        Assert.Equal(0, await Providers.Store.ReadAsync(connection => connection.ExecuteScalarAsync<int>("SELECT count(*) FROM events")));
    }

    private protected Task<int> ExecuteAsync(string sql) =>
        Providers.Store.WriteAsync((connection, transaction) => connection.ExecuteAsync(sql, transaction: transaction));

    private static SchemaMigrator Migrator(StateStore store) => new(store, TimeProvider.System, NullLogger<SchemaMigrator>.Instance);
}
