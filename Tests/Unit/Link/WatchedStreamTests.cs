using System.IO.Pipelines;
using Tidegate.Client.Grain;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>The agent learns that its peer has gone from the transport itself, however long Orleans takes to let go of it (M1.8).</summary>
public sealed class WatchedStreamTests
{
    private readonly Pipe _pipe = new();
    private readonly byte[] _buffer = new byte[16];
    private int _ended;

    private WatchedStream Stream => new(_pipe.Reader.AsStream(), () => _ended++);

    [Fact]
    public async Task The_end_is_told_when_it_is_read_and_not_before()
    {
        await using var stream = Stream;
        await _pipe.Writer.WriteAsync(new byte[3], TestContext.Current.CancellationToken);
        await _pipe.Writer.CompleteAsync();
        Assert.Equal(3, await stream.ReadAsync(_buffer, TestContext.Current.CancellationToken));
        Assert.Equal(0, _ended);
        Assert.Equal(0, await stream.ReadAsync(_buffer, TestContext.Current.CancellationToken));
        Assert.Equal(1, _ended);
    }

    [Fact]
    public async Task A_failure_is_an_end()
    {
        await using var stream = Stream;
        await _pipe.Writer.CompleteAsync(new IOException("reset"));
        await Assert.ThrowsAsync<IOException>(() => stream.ReadExactlyAsync(_buffer, TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(1, _ended);
    }

    [Fact]
    public async Task Reading_that_is_cancelled_ends_nothing()
    {
        await using var stream = Stream;
        using var cancelled = new CancellationTokenSource();
        var read = stream.ReadAsync(_buffer, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        Assert.Equal(0, _ended);
    }
}
