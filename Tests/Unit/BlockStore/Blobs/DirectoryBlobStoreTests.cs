using Microsoft.Extensions.Time.Testing;
using Tidegate.BlockStore.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Blobs;

public sealed class DirectoryBlobStoreTests : BlobStoreContract, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tidegate-blobs-").FullName;

    public DirectoryBlobStoreTests() => Store = new DirectoryBlobStore(_root, TimeProvider.System);

    private protected override IBlobStore Store { get; }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task What_was_put_is_there_for_the_next_process()
    {
        await Store.PutIfAbsentAsync("a/kept", new byte[] { 1, 2, 3 });
        var reopened = new DirectoryBlobStore(_root, TimeProvider.System);
        Assert.Equal(new byte[] { 1, 2, 3 }, (await reopened.GetRangeAsync("a/kept", 0, 10)).ToArray());
    }

    /// <summary>Around the sizes at which the way of writing changes: the least that goes past the page cache, and one copied piece.</summary>
    [Theory]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) - 1)]
    [InlineData((1 << 20) + 1)]
    [InlineData((4 << 20) + (128 << 10))]
    [InlineData((9 << 20) + 4097)]
    public async Task Large_blobs_are_stored_exactly_whatever_memory_they_come_from(int length)
    {
        using var aligned = new AlignedBuffer(length);
        new Random(length).NextBytes(aligned.Memory.Span);
        await Store.PutIfAbsentAsync("a/aligned", aligned.Memory);
        var unaligned = new byte[length + 3].AsMemory(3);
        aligned.Memory.CopyTo(unaligned);
        await Store.PutIfAbsentAsync("a/unaligned", unaligned);
        foreach (var key in new[] { "a/aligned", "a/unaligned" })
        {
            Assert.Equal(length, await Store.GetLengthAsync(key));
            var read = await Store.GetRangeAsync(key, 0, length + 1);
            Assert.True(aligned.Memory.Span.SequenceEqual(read.Span), key);
        }
    }

    [Fact]
    public async Task A_put_that_a_crash_cut_short_is_no_blob_and_is_cleared_a_day_later()
    {
        var left = Path.Combine(_root, ".incoming", "0123");
        await File.WriteAllBytesAsync(left, new byte[10]);
        await foreach (var entry in Store.ListAsync("")) Assert.Fail($"listed {entry.Key}");
        var clock = new FakeTimeProvider(new DateTimeOffset(File.GetLastWriteTimeUtc(left), TimeSpan.Zero).AddHours(23));
        _ = new DirectoryBlobStore(_root, clock);
        Assert.True(File.Exists(left));
        clock.Advance(TimeSpan.FromHours(2));
        _ = new DirectoryBlobStore(_root, clock);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public void A_failing_system_call_is_an_error_that_names_the_path()
    {
        var error = Assert.Throws<IOException>(() => PosixFile.SyncDirectory(Path.Combine(_root, "absent")));
        Assert.Contains("absent", error.Message, StringComparison.Ordinal);
        Assert.Contains("errno 2", error.Message, StringComparison.Ordinal);
    }
}
