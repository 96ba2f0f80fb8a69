using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Unit.BlockStore;

/// <summary>Nonces that are the same in every run: 1, 2, 3 above a base.</summary>
internal sealed class SeededNonces(ulong above = 0) : INonceSource
{
    private ulong _next = above;

    public BlobNonce Next() => new(new UInt128(0x7469_6465_6761_7465, ++_next));
}
