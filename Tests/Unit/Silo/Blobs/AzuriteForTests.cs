using Azure.Storage.Blobs;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Options;
using Tidegate.Tests.Kit.Processes;
using Tidegate.Tests.Unit.Silo.Blobs;
using Xunit;

[assembly: AssemblyFixture(typeof(AzuriteForTests))]

namespace Tidegate.Tests.Unit.Silo.Blobs;

/// <summary>One Azurite for the tests of this assembly, started by the first one that asks.</summary>
public sealed class AzuriteForTests : IAsyncDisposable
{
    private readonly Lazy<Task<AzuriteServer>> _server = new(AzuriteServer.StartAsync);

    internal Task<AzuriteServer> ServerAsync() => _server.Value;

    /// <summary>An empty container, as a silo opens it; through a proxy when there is one.</summary>
    internal async Task<BlobContainerClient> ContainerAsync(Uri? via = null, Action<BlobOptions>? change = null)
    {
        var server = await ServerAsync();
        var options = new BlobOptions
        {
            Provider = BlobProvider.Azure,
            ConnectionString = server.ConnectionStringVia(server.Address),
            Container = $"test-{Guid.NewGuid():n}",
            AllowHttp = true,
        };
        // Made before anything is changed, so that no test's impatience is about this.
        await AzureContainer.EnsureAsync(AzureContainer.Open(options), TestContext.Current.CancellationToken);
        options.ConnectionString = server.ConnectionStringVia(via ?? server.Address);
        change?.Invoke(options);
        Assert.Empty(options.Faults());
        return AzureContainer.Open(options);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated) await (await _server.Value).DisposeAsync();
    }
}
