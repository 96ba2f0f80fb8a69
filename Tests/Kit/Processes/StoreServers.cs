namespace Tidegate.Tests.Kit.Processes;

/// <summary>The servers of one combination of state store (<c>sqlite</c>, <c>postgres</c>) and blob store (<c>directory</c>, <c>azure</c>).</summary>
public sealed class StoreServers : IAsyncDisposable
{
    private readonly PostgresServer? _postgres;
    private readonly AzuriteServer? _azurite;

    private StoreServers(PostgresServer? postgres, AzuriteServer? azurite) => (_postgres, _azurite) = (postgres, azurite);

    /// <summary>Has a silo use them.</summary>
    public IReadOnlyDictionary<string, string> SiloSettings => new Dictionary<string, string>(
        (_postgres?.SiloSettings ?? new Dictionary<string, string>()).Concat(_azurite?.SiloSettings() ?? new Dictionary<string, string>()));

    public static async Task<StoreServers> StartAsync(string state, string blobs)
    {
        var postgres = state == "postgres" ? await PostgresServer.StartAsync() : null;
        return new StoreServers(postgres, blobs == "azure" ? await AzuriteServer.StartAsync() : null);
    }

    /// <summary>The database is gone, under the silos that use it.</summary>
    public async Task LoseDatabaseAsync(Deployment deployment)
    {
        if (_postgres is not null) await _postgres.DropDatabaseAsync();
        else foreach (var file in Directory.GetFiles(deployment.StateFolder, "state.db*")) File.Delete(file);
    }

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null) await _azurite.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
    }
}
