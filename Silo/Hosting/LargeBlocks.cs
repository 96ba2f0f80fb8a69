using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Tidegate.Silo.Hosting;

/// <summary>
/// The listeners' buffers. The server's own blocks of 4 KiB make four receives and four reads of every TLS record of an upload;
/// these take what the socket has. A connection that waits holds none.
/// </summary>
internal sealed class LargeBlocks : IMemoryPoolFactory<byte>
{
    /// <summary>Size of every block: several TLS records.</summary>
    public const int BlockBytes = 64 * 1024;

    /// <summary>Blocks that one pool keeps for later, 16 MiB; more than that are left to the garbage collector.</summary>
    private const int MostSpare = 256;

    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        private readonly ConcurrentQueue<byte[]> _spare = [];
        private int _spareCount;

        public override int MaxBufferSize => BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
            if (!_spare.TryDequeue(out var array)) return new Block(this, GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true));
            Interlocked.Decrement(ref _spareCount);
            return new Block(this, array);
        }

        protected override void Dispose(bool disposing) => _spare.Clear();

        private void Return(byte[] array)
        {
            if (Interlocked.Increment(ref _spareCount) <= MostSpare) _spare.Enqueue(array);
            else Interlocked.Decrement(ref _spareCount);
        }

        private sealed class Block(Pool pool, byte[] array) : IMemoryOwner<byte>
        {
            private byte[]? _array = array;

            public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(Block));

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _array, null) is { } owned) pool.Return(owned);
            }
        }
    }
}
