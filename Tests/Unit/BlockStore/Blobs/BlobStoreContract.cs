using Tidegate.BlockStore.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Blobs;

/// <summary>What every adapter must do; one class for each adapter runs it.</summary>
public abstract class BlobStoreContract
{
    private protected abstract IBlobStore Store { get; }

    [Fact]
    public async Task A_blob_reads_back_whole_and_in_ranges()
    {
        var content = Bytes(1, 10_000);
        Assert.Equal(PutOutcome.Stored, await Store.PutIfAbsentAsync("a/v/1", content));
        Assert.Equal(content, (await Store.GetRangeAsync("a/v/1", 0, 10_000)).ToArray());
        Assert.Equal(content[100..300], (await Store.GetRangeAsync("a/v/1", 100, 200)).ToArray());
        Assert.Equal(10_000, await Store.GetLengthAsync("a/v/1"));
    }

    [Fact]
    public async Task A_read_past_the_end_is_short()
    {
        await Store.PutIfAbsentAsync("a/short", Bytes(2, 100));
        Assert.Equal(30, (await Store.GetRangeAsync("a/short", 70, 50)).Length);
        Assert.Equal(0, (await Store.GetRangeAsync("a/short", 500, 50)).Length);
    }

    [Fact]
    public async Task A_second_put_of_the_same_bytes_succeeds_and_changes_nothing()
    {
        var content = Bytes(3, 150_000);
        Assert.Equal(PutOutcome.Stored, await Store.PutIfAbsentAsync("a/twice", content));
        Assert.Equal(PutOutcome.AlreadyThere, await Store.PutIfAbsentAsync("a/twice", content.ToArray()));
        Assert.Equal(content, (await Store.GetRangeAsync("a/twice", 0, 200_000)).ToArray());
    }

    [Fact]
    public async Task A_second_put_of_other_bytes_is_a_conflict_and_changes_nothing()
    {
        var content = Bytes(3, 150_000);
        var altered = content.ToArray();
        altered[^1] ^= 1;
        await Store.PutIfAbsentAsync("a/once", content);
        foreach (var other in new[] { altered, content[..^1], [.. content, 0], [] })
            Assert.Equal("a/once", (await Assert.ThrowsAsync<BlobConflictException>(() => Store.PutIfAbsentAsync("a/once", other))).Key);
        Assert.Equal(content, (await Store.GetRangeAsync("a/once", 0, 200_000)).ToArray());
    }

    [Fact]
    public async Task Of_parallel_puts_exactly_one_wins()
    {
        var puts = Enumerable.Range(0, 8).Select(i => Store.PutIfAbsentAsync("a/race", Bytes(i, 1000 + i))).ToArray();
        foreach (var put in puts) await ((Task)put).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        var winner = Assert.Single(Enumerable.Range(0, puts.Length), i => puts[i].IsCompletedSuccessfully);
        Assert.Equal(PutOutcome.Stored, await puts[winner]);
        Assert.All(puts.Where(put => put != puts[winner]), put => Assert.IsType<BlobConflictException>(put.Exception?.InnerException));
        Assert.Equal(Bytes(winner, 1000 + winner), (await Store.GetRangeAsync("a/race", 0, 5000)).ToArray());
    }

    [Fact]
    public async Task Of_parallel_puts_of_the_same_bytes_one_stores_and_all_succeed()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.PutIfAbsentAsync("a/same", Bytes(1, 5000))));
        Assert.Single(outcomes, PutOutcome.Stored);
    }

    [Fact]
    public async Task A_read_of_no_bytes_is_empty_and_still_wants_the_blob()
    {
        await Store.PutIfAbsentAsync("a/some", Bytes(2, 100));
        Assert.Equal(0, (await Store.GetRangeAsync("a/some", 10, 0)).Length);
        await Assert.ThrowsAsync<BlobNotFoundException>(() => Store.GetRangeAsync("a/none", 10, 0));
    }

    [Fact]
    public async Task A_cancelled_call_stops_as_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.PutIfAbsentAsync("a/cancelled", Bytes(1, 10), cancelled.Token));
        Assert.Null(await Store.GetLengthAsync("a/cancelled"));
        await Store.PutIfAbsentAsync("a/cancelled", Bytes(1, 10));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.GetRangeAsync("a/cancelled", 0, 10, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.DeleteAsync("a/cancelled", cancelled.Token));
        Assert.Equal(10, await Store.GetLengthAsync("a/cancelled"));
    }

    [Fact]
    public async Task An_absent_blob_is_an_error_to_read_and_no_length()
    {
        var error = await Assert.ThrowsAsync<BlobNotFoundException>(() => Store.GetRangeAsync("no/such", 0, 1));
        Assert.Equal("no/such", error.Key);
        Assert.Null(await Store.GetLengthAsync("no/such"));
        Assert.False(await Store.DeleteAsync("no/such"));
    }

    [Fact]
    public async Task A_deleted_blob_is_gone()
    {
        await Store.PutIfAbsentAsync("a/gone", Bytes(5, 10));
        Assert.True(await Store.DeleteAsync("a/gone"));
        Assert.Null(await Store.GetLengthAsync("a/gone"));
        Assert.Equal(PutOutcome.Stored, await Store.PutIfAbsentAsync("a/gone", Bytes(6, 10)));
    }

    [Fact]
    public async Task Lists_are_in_ordinal_order_of_keys_and_keep_to_the_prefix()
    {
        string[] keys = ["a/b", "a/b/c", "a-b/x", "a0/y", "a/b-c", "b/z"];
        foreach (var key in keys) await Store.PutIfAbsentAsync(key, Bytes(7, key.Length));
        Assert.Equal(keys.Order(StringComparer.Ordinal), await List(""));
        Assert.Equal(keys.Where(key => key.StartsWith("a/b", StringComparison.Ordinal)).Order(StringComparer.Ordinal), await List("a/b"));
        Assert.Empty(await List("c"));
        await foreach (var entry in Store.ListAsync("a/b/")) Assert.Equal(5, entry.LengthBytes);
    }

    [Fact]
    public async Task A_listing_goes_past_what_is_deleted_while_it_runs()
    {
        foreach (var key in new[] { "a/1", "a/2", "a/3", "b/1" }) await Store.PutIfAbsentAsync(key, Bytes(3, 10));
        var listed = new List<string>();
        await foreach (var entry in Store.ListAsync(""))
        {
            if (listed.Count == 0) await Store.DeleteAsync("a/2");
            listed.Add(entry.Key);
        }

        // A store that lists in pages may have told of it already.
        Assert.Equal(["a/1", "a/3", "b/1"], listed.Where(key => key != "a/2"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("A")]
    [InlineData("a b")]
    public async Task A_malformed_key_is_refused_by_every_call(string key)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.PutIfAbsentAsync(key, Bytes(8, 1)));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.GetRangeAsync(key, 0, 1));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.GetLengthAsync(key));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(key));
    }

    [Fact]
    public async Task The_longest_key_works_and_a_longer_one_does_not()
    {
        var longest = string.Join('/', Enumerable.Repeat(new string('k', 49), 4)) + "x";
        Assert.Equal(BlobKey.MaxLength, longest.Length);
        Assert.Equal(PutOutcome.Stored, await Store.PutIfAbsentAsync(longest, Bytes(9, 1)));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.PutIfAbsentAsync(longest + "x", Bytes(9, 1)));
    }

    [Fact]
    public async Task An_empty_blob_is_a_blob()
    {
        await Store.PutIfAbsentAsync("a/empty", ReadOnlyMemory<byte>.Empty);
        Assert.Equal(0, await Store.GetLengthAsync("a/empty"));
        Assert.Equal(0, (await Store.GetRangeAsync("a/empty", 0, 10)).Length);
        Assert.Equal(PutOutcome.AlreadyThere, await Store.PutIfAbsentAsync("a/empty", ReadOnlyMemory<byte>.Empty));
    }

    private async Task<List<string>> List(string prefix)
    {
        var keys = new List<string>();
        await foreach (var entry in Store.ListAsync(prefix)) keys.Add(entry.Key);
        return keys;
    }

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
