using Azure.Storage.Blobs;
using Tidegate.BlockStore.Blobs;
using Tidegate.Silo.Blobs;
using Tidegate.Tests.Kit.Http;
using Xunit;

namespace Tidegate.Tests.Unit.Silo.Blobs;

/// <summary>The Azure adapter when the way to the store, or the store, fails: a real Azurite behind a proxy that breaks what it is told to.</summary>
public sealed class AzureFaultTests(AzuriteForTests azurite) : IAsyncLifetime
{
    private static readonly byte[] Content = Bytes(1, 300_000);

    private FaultProxy _proxy = null!;
    private BlobContainerClient _container = null!;
    private AzureBlobStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _proxy = FaultProxy.Before((await azurite.ServerAsync()).Address);
        _container = await azurite.ContainerAsync(_proxy.Address, options => options.Retries = 2);
        _store = new AzureBlobStore(_container);
    }

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    public static TheoryData<HttpFault> Passing => [HttpFault.ServerError, HttpFault.Busy, HttpFault.Refuse];

    [Theory, MemberData(nameof(Passing))]
    public async Task A_fault_that_passes_is_not_seen_by_the_caller(HttpFault fault)
    {
        _proxy.Next(fault);
        Assert.Equal(PutOutcome.Stored, await _store.PutIfAbsentAsync("a/b", Content));
        _proxy.Next(fault);
        Assert.Equal(Content.Length, await _store.GetLengthAsync("a/b"));
        _proxy.Next(fault);
        Assert.Equal(Content, (await _store.GetRangeAsync("a/b", 0, Content.Length)).ToArray());
        _proxy.Next(fault);
        await foreach (var entry in _store.ListAsync("a/")) Assert.Equal(new BlobEntry("a/b", Content.Length, entry.CreatedAt), entry);
        _proxy.Next(fault);
        Assert.True(await _store.DeleteAsync("a/b"));
    }

    [Fact]
    public async Task A_put_whose_answer_was_lost_is_found_to_be_there_by_its_hash()
    {
        _proxy.Next(HttpFault.LoseAnswer);
        Assert.Equal(PutOutcome.AlreadyThere, await _store.PutIfAbsentAsync("a/lost", Content));
        Assert.Equal(["PUT", "PUT", "HEAD"], _proxy.Requests.TakeLast(3).Select(line => line.Split(' ')[0]));
        Assert.Equal(Content, (await _store.GetRangeAsync("a/lost", 0, Content.Length)).ToArray());
    }

    [Fact]
    public async Task Not_even_the_comparison_minds_a_lost_answer()
    {
        _proxy.Next(HttpFault.LoseAnswer, HttpFault.None, HttpFault.LoseAnswer);
        Assert.Equal(PutOutcome.AlreadyThere, await _store.PutIfAbsentAsync("a/twice-lost", Content));
    }

    [Fact]
    public async Task A_retry_that_meets_other_bytes_is_a_conflict()
    {
        await _store.PutIfAbsentAsync("a/other", Bytes(2, Content.Length));
        _proxy.Next(HttpFault.LoseAnswer);
        await Assert.ThrowsAsync<BlobConflictException>(() => _store.PutIfAbsentAsync("a/other", Content));
    }

    [Fact]
    public async Task Bytes_that_somebody_else_put_under_the_key_are_a_conflict()
    {
        await _container.GetBlobClient("a/stranger").UploadAsync(BinaryData.FromBytes(Content));
        await Assert.ThrowsAsync<BlobConflictException>(() => _store.PutIfAbsentAsync("a/stranger", Content));
    }

    [Fact]
    public async Task A_download_that_breaks_off_goes_on_where_it_broke()
    {
        await _store.PutIfAbsentAsync("a/cut", Content);
        _proxy.Next(HttpFault.CutAnswer, HttpFault.CutAnswer);
        Assert.Equal(Content, (await _store.GetRangeAsync("a/cut", 0, Content.Length)).ToArray());
    }

    [Theory]
    [InlineData(HttpFault.ServerError, "500 InternalError")]
    [InlineData(HttpFault.Refuse, "after 3 attempts")]
    public async Task A_store_that_stays_away_is_an_error_that_says_what_and_why(HttpFault fault, string why)
    {
        _proxy.Next(fault, fault, fault);
        var error = await Assert.ThrowsAsync<IOException>(() => _store.PutIfAbsentAsync("a/away", Content));
        Assert.Contains("'a/away'", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        // The next call finds the store back.
        Assert.Equal(PutOutcome.Stored, await _store.PutIfAbsentAsync("a/away", Content));
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_asked_again_and_then_given_up()
    {
        async Task<AzureBlobStore> StoreAsync(int retries) =>
            new(await azurite.ContainerAsync(_proxy.Address, options => (options.Retries, options.RequestTimeoutSeconds) = (retries, 1)));
        _proxy.Next(HttpFault.Stall);
        // As often as it takes: on a busy machine the store itself is late at times.
        Assert.Null(await (await StoreAsync(retries: 10)).GetLengthAsync("a/slow"));
        Assert.Equal(0, _proxy.FaultsLeft);
        _proxy.Next(HttpFault.Stall, HttpFault.Stall);
        var hasty = await StoreAsync(retries: 1);
        var error = await Assert.ThrowsAsync<IOException>(() => hasty.PutIfAbsentAsync("a/slow", Content));
        Assert.Contains("'a/slow' failed: the store did not answer in time after 2 attempts", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_does_not_wait_for_the_store()
    {
        _proxy.Next(HttpFault.Stall, HttpFault.Stall, HttpFault.Stall);
        using var stop = new CancellationTokenSource();
        var put = _store.PutIfAbsentAsync("a/stopped", Content, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
    }

    /// <summary>"Absent" is an answer that callers act on; a store in trouble must not give it.</summary>
    [Fact]
    public async Task A_container_that_is_gone_is_no_absent_blob()
    {
        await _container.DeleteAsync(cancellationToken: TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<IOException>(() => _store.GetLengthAsync("a/b"));
        await Assert.ThrowsAsync<IOException>(() => _store.DeleteAsync("a/b"));
        await Assert.ThrowsAsync<IOException>(() => _store.GetRangeAsync("a/b", 0, 1));
        await Assert.ThrowsAsync<IOException>(() => _store.PutIfAbsentAsync("a/b", Content));
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (var entry in _store.ListAsync("")) Assert.Fail(entry.Key);
        });
    }

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
