using Tidegate.BlockStore.Blobs;
using Tidegate.Silo.Blobs;
using Tidegate.Tests.Unit.Silo.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Blobs;

public sealed class AzureBlobStoreTests(AzuriteForTests azurite) : BlobStoreContract, IAsyncLifetime
{
    private IBlobStore _store = null!;

    private protected override IBlobStore Store => _store;

    public async ValueTask InitializeAsync() => _store = new AzureBlobStore(await azurite.ContainerAsync());

    public ValueTask DisposeAsync() => default;
}
