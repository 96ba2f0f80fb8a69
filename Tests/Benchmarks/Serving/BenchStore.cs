using Tidegate.BlockStore.Blobs;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Options;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Serving;

/// <summary>Where the service of a bench keeps its blobs, and a way to the same store for the bench itself.</summary>
internal sealed class BenchStore : IAsyncDisposable
{
    /// <summary>The kinds, by the names that the command line takes.</summary>
    public static readonly string[] Kinds = ["directory", "azurite"];

    private readonly AzuriteServer? _azurite;

    private BenchStore(string kind, AzuriteServer? azurite) => (Kind, _azurite) = (kind, azurite);

    public string Kind { get; }

    /// <summary>Settings of the silo.</summary>
    public IReadOnlyDictionary<string, string> Environment => _azurite is null
        ? new Dictionary<string, string>()
        : new Dictionary<string, string>
        {
            ["Tidegate__Blobs__Provider"] = "azure",
            ["Tidegate__Blobs__ConnectionString"] = _azurite.ConnectionString,
            ["Tidegate__Blobs__AllowHttp"] = "true",
        };

    public static async Task<BenchStore> StartAsync(string kind) => new(kind, kind == "azurite" ? await AzuriteServer.StartAsync() : null);

    /// <summary>Opens what the silo of a deployment fills.</summary>
    public Task<IBlobStore> OpenAsync(Deployment deployment) => OpenAsync(deployment.BlobFolder, new BlobOptions().Container);

    /// <summary>Opens another store of the same kind, empty: a folder, or a container of the same server.</summary>
    public async Task<IBlobStore> OpenAsync(string folder, string container)
    {
        if (_azurite is null) return new DirectoryBlobStore(folder, TimeProvider.System);
        var opened = AzureContainer.Open(new BlobOptions { ConnectionString = _azurite.ConnectionString, Container = container });
        await AzureContainer.EnsureAsync(opened, CancellationToken.None);
        return new AzureBlobStore(opened);
    }

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null) await _azurite.DisposeAsync();
    }
}
