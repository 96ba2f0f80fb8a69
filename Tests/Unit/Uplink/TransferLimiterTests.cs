using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Uplink;

/// <summary>The token bucket of the uplink (M1.10). Time moves by the test alone, and grants are made while it moves.</summary>
public sealed class TransferLimiterTests : IDisposable
{
    private const int Step = 10;
    private readonly FakeTimeProvider _time = new();
    private readonly TransferLimiter _limiter;
    private long? _rate;

    public TransferLimiterTests() => _limiter = new TransferLimiter(_time, _ => _rate);

    [Theory]
    [InlineData(8 << 10)]
    [InlineData(300_000)]
    [InlineData(50L << 20)]
    public async Task No_span_of_time_gets_more_than_its_rate_and_a_quarter_of_a_second_and_the_whole_gets_no_less(long rate)
    {
        _rate = rate;
        var taker = await TakerAsync(_limiter.NewFlow());
        var total = new List<long> { 0 };
        for (var at = Step; at <= 4000; at += Step)
        {
            Advance(taker);
            total.Add(taker.Taken);
        }

        for (var from = 0; from < total.Count; from += 7)
        {
            for (var to = from + 1; to < total.Count; to += 7)
                Assert.True(total[to] - total[from] <= rate * ((to - from) * Step + 250) / 1000, $"{total[to] - total[from]} bytes from {from * Step} to {to * Step} ms");
        }

        Assert.InRange(total[^1], rate * 4 * 98 / 100, rate * 4 + rate / 4);
    }

    [Fact]
    public async Task Volumes_share_alike_whatever_each_has_to_send()
    {
        _rate = 4 << 20;
        var (one, other) = (_limiter.NewFlow(), _limiter.NewFlow());
        Taker[] takers = [await TakerAsync(one), await TakerAsync(one), await TakerAsync(one), await TakerAsync(other)];
        for (var at = 0; at < 3000; at += Step) Advance(takers);
        var (three, single) = (takers[..3].Sum(taker => taker.Taken), takers[3].Taken);
        Assert.InRange((double)three / single, 0.95, 1.05);
        // Within a volume the one that began first goes first: what is committed is a prefix.
        Assert.Equal(three, takers[0].Taken);
    }

    [Fact]
    public async Task A_slow_uplink_carries_one_transfer_of_a_volume_at_a_time()
    {
        _rate = 100_000;
        var flow = _limiter.NewFlow();
        var first = await flow.BeginAsync(CancellationToken.None);
        var second = flow.BeginAsync(CancellationToken.None).AsTask();
        var elsewhere = await _limiter.NewFlow().BeginAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(second.IsCompleted);
        Assert.True(flow.IsHeldBack);
        first.Dispose();
        (await second.OrHungAsync()).Dispose();
        elsewhere.Dispose();
    }

    [Fact]
    public async Task A_pause_stops_everything_and_its_end_is_felt_within_a_second()
    {
        var taker = await TakerAsync(_limiter.NewFlow());
        Advance(taker);
        _rate = 0;
        Advance(taker);
        var before = taker.Taken;
        for (var at = 0; at < 60_000; at += 100) Advance(taker, 100);
        Assert.Equal(before, taker.Taken);
        _rate = 1 << 20;
        for (var at = 0; at < 1000; at += Step) Advance(taker);
        Assert.InRange(taker.Taken - before, 1 << 18, (1 << 20) + (1 << 18));
    }

    [Fact]
    public async Task A_new_rate_is_in_force_within_a_second_both_ways()
    {
        var taker = await TakerAsync(_limiter.NewFlow());
        _rate = 16 << 10;
        Advance(taker);
        for (var at = 0; at < 2000; at += Step) Advance(taker);
        _rate = 10 << 20;
        for (var at = 0; at < 1000; at += Step) Advance(taker);
        var before = taker.Taken;
        for (var at = 0; at < 1000; at += Step) Advance(taker);
        Assert.InRange(taker.Taken - before, 9 << 20, 13 << 20);
        _rate = 16 << 10;
        Advance(taker);
        before = taker.Taken;
        for (var at = 0; at < 1000; at += Step) Advance(taker);
        Assert.InRange(taker.Taken - before, 8 << 10, 21 << 10);
        _rate = null;
        Advance(taker, 1000);
        Assert.True(taker.Taken - before >= 4 << 20);
    }

    [Fact]
    public async Task Whoever_leaves_takes_nothing_and_holds_nobody_up()
    {
        _rate = 100_000;
        var flow = _limiter.NewFlow();
        var first = await TakerAsync(flow);
        for (var at = 0; at < 1000; at += Step) Advance(first);
        using var leaving = new CancellationTokenSource();
        var waiting = flow.BeginAsync(leaving.Token).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        first.Dispose();
        using var next = await flow.BeginAsync(CancellationToken.None).AsTask().OrHungAsync();
    }

    /// <summary>A transfer that hosts come before is let go at once, though its rate is 0.</summary>
    [Fact]
    public async Task While_a_host_waits_the_background_is_not_held_back()
    {
        var arrival = new TaskCompletionSource();
        var pace = new HostsFirstPace(_limiter.NewFlow(), () => arrival.Task);
        using var begun = await pace.BeginAsync(CancellationToken.None);
        _rate = 0;
        var taking = begun.TakeAsync(1000, CancellationToken.None).AsTask();
        var beginning = pace.BeginAsync(CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(taking.IsCompleted || beginning.IsCompleted);
        arrival.SetResult();
        Assert.Equal(1000, await taking.OrHungAsync());
        (await beginning.OrHungAsync()).Dispose();
    }

    public void Dispose() => _limiter.Dispose();

    private static async Task<Taker> TakerAsync(TransferFlow flow) => new(await flow.BeginAsync(CancellationToken.None));

    private void Advance(Taker taker, int milliseconds = Step) => Advance([taker], milliseconds);

    private void Advance(Taker[] takers, int milliseconds = Step)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        foreach (var taker in takers) taker.Go();
    }

    /// <summary>Takes whatever it can get.</summary>
    private sealed class Taker(ITransferTurn turn) : IDisposable
    {
        private const int MostAtOnce = 1000;
        private Task<int> _pending = Task.FromResult(0);

        public long Taken { get; private set; }

        public void Go()
        {
            for (var i = 0; i < MostAtOnce && _pending.IsCompleted; i++)
            {
                Taken += _pending.GetAwaiter().GetResult();
                _pending = turn.TakeAsync(8 << 20, CancellationToken.None).AsTask();
            }
        }

        public void Dispose() => turn.Dispose();
    }
}
