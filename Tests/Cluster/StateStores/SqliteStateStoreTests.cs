using Dapper;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The contract on SQLite.</summary>
public sealed class SqliteStateStoreTests : StateStoreContract
{
    private readonly List<string> _directories = [];

    private protected override Task<StateOptions> NewDatabaseAsync()
    {
        var directory = Directory.CreateTempSubdirectory("tg-sqlite-").FullName;
        _directories.Add(directory);
        return Task.FromResult(new StateOptions { Directory = directory });
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var directory in _directories) Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_journal_other_than_the_write_ahead_log_is_refused()
    {
        await using var store = new StateStore(await NewDatabaseAsync());
        await store.ReadAsync(connection => connection.ExecuteScalarAsync<string>("PRAGMA journal_mode = DELETE"));
        var refusal = await Assert.ThrowsAsync<SchemaException>(() => DurabilityCheck.CheckAsync(store));
        Assert.Contains("WAL", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_connection_syncs_its_commits()
    {
        await using var store = new StateStore(Options);
        for (var open = 0; open < 3; open++)
            Assert.Equal(2, await store.ReadAsync(connection => connection.ExecuteScalarAsync<int>("PRAGMA synchronous")));
    }
}
