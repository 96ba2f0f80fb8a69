using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Segments;

/// <summary>What waits to be used again is bounded whatever was given back, and from however many threads (I11).</summary>
public sealed class SegmentBuffersTests
{
    private const int MaxIdleBytes = 20 << 20;

    private readonly SegmentBuffers _buffers = new(MaxIdleBytes);

    [Fact]
    public void I11_What_many_threads_give_back_is_bounded_together()
    {
        var rented = new byte[24][];
        for (var i = 0; i < rented.Length; i++) rented[i] = _buffers.Rent((8 << 20) + 1);
        Assert.All(rented, buffer => Assert.Equal(9 << 20, buffer.Length));
        var threads = Array.ConvertAll(rented, buffer => new Thread(() => _buffers.Return(buffer)));
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.Equal(2 * (9 << 20), _buffers.IdleBytes);
    }

    [Theory]
    [InlineData(1), InlineData(4096), InlineData((1 << 20) - 1), InlineData(1 << 20), InlineData((1 << 20) + 1), InlineData(64 << 20)]
    public void A_buffer_holds_what_was_asked_for(int bytes)
    {
        var buffer = _buffers.Rent(bytes);
        Assert.InRange(buffer.Length, bytes, Math.Max(2 * bytes, bytes + (1 << 20)));
        _buffers.Return(buffer);
        if (bytes is >= 1 << 20 and <= MaxIdleBytes) Assert.Same(buffer, _buffers.Rent(bytes));
    }
}
