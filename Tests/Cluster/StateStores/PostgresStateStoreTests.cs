using Npgsql;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The contract on PostgreSQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresStateStoreTests(PostgresDatabases databases) : StateStoreContract
{
    private protected override async Task<StateOptions> NewDatabaseAsync() => new()
    {
        Directory = Path.GetTempPath(),
        Provider = StateProvider.Postgres,
        ConnectionString = await databases.CreateAsync(),
    };

    [Theory]
    [InlineData("off")]
    [InlineData("local")]
    public async Task A_server_that_does_not_wait_for_its_log_is_refused(string value)
    {
        var connection = new NpgsqlConnectionStringBuilder(Options.ConnectionString.Reveal()) { Options = $"-c synchronous_commit={value}" };
        await using var store = new StateStore(new StateOptions { Directory = "/", Provider = StateProvider.Postgres, ConnectionString = connection.ConnectionString });
        var refusal = await Assert.ThrowsAsync<SchemaException>(() => DurabilityCheck.CheckAsync(store));
        Assert.Contains("synchronous_commit", refusal.Message, StringComparison.Ordinal);
    }
}
