using Tidegate.BlockStore.Blobs;
using Tidegate.Tests.Kit.Blobs;

namespace Tidegate.Tests.Unit.BlockStore.Blobs;

public sealed class MemoryBlobStoreTests : BlobStoreContract
{
    private protected override IBlobStore Store { get; } = new MemoryBlobStore(TimeProvider.System);
}
