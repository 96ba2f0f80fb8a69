using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Segments;

public sealed class WeightedCacheTests
{
    [Fact]
    public async Task I11_the_least_recently_used_goes_when_the_bound_is_passed()
    {
        var cache = new WeightedCache<int, int>(10, value => value);
        var loads = new List<int>();
        Task<int> Get(int key) => cache.GetAsync(key, k => { loads.Add(k); return Task.FromResult(4); }, default);
        await Get(1);
        await Get(2);
        await Get(1);
        await Get(3);
        await Get(1);
        await Get(2);
        Assert.Equal([1, 2, 3, 2], loads);
    }

    [Fact]
    public async Task Many_who_ask_at_once_share_one_load_and_one_who_gives_up_does_not_end_it()
    {
        var cache = new WeightedCache<int, int>(10, _ => 1);
        var gate = new TaskCompletionSource<int>();
        var loads = 0;
        using var impatient = new CancellationTokenSource();
        var first = cache.GetAsync(1, _ => { loads++; return gate.Task; }, impatient.Token);
        var second = cache.GetAsync(1, _ => { loads++; return gate.Task; }, default);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult(7);
        Assert.Equal(7, await second);
        Assert.Equal(1, loads);
    }

    [Fact]
    public async Task A_failed_load_is_tried_again()
    {
        var cache = new WeightedCache<int, int>(10, _ => 1);
        await Assert.ThrowsAsync<IOException>(() => cache.GetAsync(1, _ => Task.FromException<int>(new IOException("down")), default));
        Assert.Equal(5, await cache.GetAsync(1, _ => Task.FromResult(5), default));
    }

    [Fact]
    public async Task Something_heavier_than_the_bound_is_served_and_the_rest_goes()
    {
        var cache = new WeightedCache<int, int>(10, value => value);
        await cache.GetAsync(1, _ => Task.FromResult(5), default);
        Assert.Equal(50, await cache.GetAsync(2, _ => Task.FromResult(50), default));
        Assert.Equal(6, await cache.GetAsync(1, _ => Task.FromResult(6), default));
    }
}
