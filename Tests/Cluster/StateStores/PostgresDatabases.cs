using Npgsql;
using Xunit;
using Server = Tidegate.Tests.Kit.Processes.PostgresServer;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The PostgreSQL server of a test collection; every test takes a database of its own.</summary>
public sealed class PostgresDatabases : IAsyncLifetime
{
    private Server? _server;
    private int _databases;

    public async ValueTask InitializeAsync() => _server = await Server.StartAsync();

    /// <summary>Creates an empty database; returns how to reach it.</summary>
    public async Task<string> CreateAsync()
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        await using var connection = new NpgsqlConnection(_server!.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Database = name }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_server is not null) await _server.DisposeAsync();
    }
}
