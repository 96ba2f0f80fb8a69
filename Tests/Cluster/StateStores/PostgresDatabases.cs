using Npgsql;
using Xunit;
using Server = Tidegate.Tests.Kit.Processes.PostgresServer;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The PostgreSQL server of a test collection; every test takes a place of its own.</summary>
public sealed class PostgresDatabases : IAsyncLifetime
{
    private Server? _server;
    private int _made;

    public async ValueTask InitializeAsync() => _server = await Server.StartAsync();

    /// <summary>Creates an empty schema, which is as good as a database and far quicker; returns how to reach it.</summary>
    public async Task<string> CreateAsync() =>
        new NpgsqlConnectionStringBuilder(_server!.ConnectionString) { SearchPath = await MakeAsync("SCHEMA") }.ConnectionString;

    /// <summary>Creates an empty database; returns how to reach it.</summary>
    public async Task<string> CreateDatabaseAsync() =>
        new NpgsqlConnectionStringBuilder(_server!.ConnectionString) { Database = await MakeAsync("DATABASE") }.ConnectionString;

    private async Task<string> MakeAsync(string kind)
    {
        var name = $"test{Interlocked.Increment(ref _made)}";
        await using var connection = new NpgsqlConnection(_server!.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE {kind} {name}", connection);
        await command.ExecuteNonQueryAsync();
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_server is not null) await _server.DisposeAsync();
    }
}
