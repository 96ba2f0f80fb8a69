using System.Security.Cryptography;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Waking;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class WakeTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static GrainId Gateway(int number) => GrainId.Create("gateway", $"gw-{number:x20}");

    [Fact]
    public void A_packed_list_is_unpacked_as_it_was()
    {
        GrainId[] grains =
        [
            Gateway(1), GrainId.Create("volume", "vol-0123456789abcdef0123"), GrainId.Create("snapshot", "snap-0123456789abcdef0123"),
            GrainId.Create("activation", Convert.ToHexStringLower(SHA256.HashData([1]))), GrainId.Create("account", "123456789012"),
            GrainId.Create("api-key", "key-0123456789abcdef0123"), GrainId.Create("gateway", "an-odd-key"),
        ];
        Assert.Equal(grains, WakeList.Unpack(WakeList.Pack(grains)));
    }

    [Fact]
    public void A_shard_holds_its_share_of_200000_gateways_and_refuses_what_does_not_fit()
    {
        Assert.InRange(WakeList.Pack(Enumerable.Range(0, 200_000 / WakeShards.Count).Select(Gateway)).Length, 1, WakeList.MaxBytes);
        var refused = Assert.Throws<TidegateException>(() => WakeList.Pack(Enumerable.Range(0, 10_000).Select(Gateway)));
        Assert.Equal(ErrorCodes.LimitExceeded, refused.Code);
    }

    [Fact]
    public void Grains_spread_over_the_shards()
    {
        var counts = Enumerable.Range(0, 6400).GroupBy(number => WakeShards.NumberOf(Gateway(number))).Select(shard => shard.Count()).ToArray();
        Assert.Equal(WakeShards.Count, counts.Length);
        Assert.All(counts, count => Assert.InRange(count, 50, 200));
    }

    [Fact]
    public void A_grain_is_asked_when_due_and_leaves_when_settled()
    {
        var agenda = new WakeAgenda();
        Assert.True(agenda.Watch(Gateway(1), Start.AddSeconds(10)));
        Assert.False(agenda.Watch(Gateway(1), Start.AddSeconds(5)));
        Assert.Empty(agenda.Due(Start.AddSeconds(4)));
        var (grain, mark) = Assert.Single(agenda.Due(Start.AddSeconds(5)));
        Assert.False(agenda.Settled(grain, mark, Start.AddSeconds(30), Start.AddSeconds(5)));
        Assert.Empty(agenda.Due(Start.AddSeconds(29)));
        Assert.True(agenda.Settled(grain, mark, null, Start.AddSeconds(30)));
        Assert.Empty(agenda.Grains);
    }

    [Fact]
    public void A_grain_that_lists_itself_while_it_is_asked_stays()
    {
        var agenda = new WakeAgenda();
        agenda.Watch(Gateway(1), Start);
        var (grain, mark) = Assert.Single(agenda.Due(Start));
        agenda.Watch(Gateway(1), Start.AddSeconds(10));
        Assert.False(agenda.Settled(grain, mark, null, Start));
        Assert.Single(agenda.Grains);
    }

    [Fact]
    public void M1_7_A_lease_keeps_its_grain_listed_and_has_it_asked_only_when_it_runs_out()
    {
        var agenda = new WakeAgenda();
        Assert.Equal(LeaseOutcome.Listed, agenda.Renew(Gateway(1), 3, Start.AddSeconds(15)));
        Assert.Equal(LeaseOutcome.Renewed, agenda.Renew(Gateway(1), 3, Start.AddSeconds(19)));
        Assert.Empty(agenda.Due(Start.AddSeconds(18)));
        var (grain, mark) = Assert.Single(agenda.Due(Start.AddSeconds(19)));
        Assert.True(agenda.Settled(grain, mark, null, Start.AddSeconds(19)));
        Assert.Empty(agenda.Grains);
    }

    [Fact]
    public void M1_7_A_lease_is_refused_to_an_older_generation_even_when_the_newer_one_has_run_out()
    {
        var agenda = new WakeAgenda();
        agenda.Renew(Gateway(1), 4, Start.AddSeconds(15));
        Assert.Equal(LeaseOutcome.Refused, agenda.Renew(Gateway(1), 3, Start.AddSeconds(16)));
        Assert.Single(agenda.Due(Start.AddSeconds(15)));
        Assert.Equal(LeaseOutcome.Refused, agenda.Renew(Gateway(1), 3, Start.AddSeconds(40)));
        Assert.Equal(LeaseOutcome.Renewed, agenda.Renew(Gateway(1), 5, Start.AddSeconds(40)));
    }

    [Fact]
    public void A_leased_grain_that_has_settled_stays_until_its_lease_runs_out()
    {
        var agenda = new WakeAgenda();
        agenda.Watch(Gateway(1), Start);
        agenda.Renew(Gateway(1), 1, Start.AddSeconds(15));
        var (grain, mark) = Assert.Single(agenda.Due(Start));
        Assert.False(agenda.Settled(grain, mark, null, Start));
        Assert.Empty(agenda.Due(Start.AddSeconds(14)));
        Assert.Single(agenda.Due(Start.AddSeconds(15)));
    }

    [Fact]
    public void A_grain_that_goes_on_without_its_lease_is_asked_again_when_it_says()
    {
        var agenda = new WakeAgenda();
        agenda.Renew(Gateway(1), 1, Start);
        var (grain, mark) = Assert.Single(agenda.Due(Start));
        Assert.False(agenda.Settled(grain, mark, Start.AddSeconds(15), Start));
        Assert.Empty(agenda.Due(Start.AddSeconds(14)));
        Assert.Single(agenda.Due(Start.AddSeconds(15)));
    }

    [Fact]
    public void A_restarted_shard_asks_everyone_once_and_gives_holders_a_term_to_renew()
    {
        var agenda = new WakeAgenda();
        agenda.Restore(Gateway(1), Start, Start + WakeShards.LeaseTerm);
        var (grain, mark) = Assert.Single(agenda.Due(Start));
        Assert.False(agenda.Settled(grain, mark, null, Start));
        Assert.Equal(LeaseOutcome.Renewed, agenda.Renew(Gateway(1), 7, Start.AddSeconds(18)));
        Assert.Empty(agenda.Due(Start.AddSeconds(17)));
        Assert.Single(agenda.Due(Start.AddSeconds(18)));
    }
}
