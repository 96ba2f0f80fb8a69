using CsCheck;
using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Waking;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class LinkMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static LinkState Opened => LinkMachine.Open(new LinkHello("client", "1.0.0", "instance", 3), 7, Start);

    private static LinkHeartbeat Beat(LinkState link, long? ping = null) => new(link.Generation, ping ?? link.PingNumber, 4, []);

    [Fact]
    public void M1_6_The_interval_grows_from_one_to_four_seconds_while_pings_are_answered()
    {
        var (link, now, gaps) = (Opened, Start, new List<double>());
        for (var i = 0; i < 5; i++)
        {
            var step = LinkMachine.Tick(link, now);
            Assert.Equal(i + 1, step.Ping!.Number);
            link = LinkMachine.Heard(step.State, Beat(step.State), now);
            gaps.Add((link.NextPingAt - now).TotalSeconds);
            now = link.NextPingAt;
        }

        Assert.Equal([2, 4, 4, 4, 4], gaps);
    }

    [Fact]
    public void M1_6_An_unanswered_ping_brings_the_interval_back_to_one_second()
    {
        var link = LinkMachine.Tick(Opened, Start).State;
        link = LinkMachine.Heard(link, Beat(link), Start);
        link = LinkMachine.Tick(link, link.NextPingAt).State;
        var next = LinkMachine.Tick(link, link.NextPingAt).State;
        Assert.Equal(LinkMachine.FirstInterval, next.Interval);
    }

    [Fact]
    public void M1_6_A_link_is_lost_exactly_when_nothing_was_heard_for_nine_seconds() =>
        Gen.Int[0, 3000].Array[1, 60].SampleFixed(
            waits =>
            {
                var (link, now, heard) = (Opened, Start, Start);
                foreach (var wait in waits)
                {
                    now += TimeSpan.FromMilliseconds(wait);
                    var step = LinkMachine.Tick(link, now);
                    Assert.Equal(now - heard >= LinkMachine.LostAfter, step.IsLost);
                    if (step.IsLost) return;
                    Assert.InRange(step.LookAgainIn, TimeSpan.Zero, LinkMachine.LongestInterval);
                    link = step.State;
                    if (wait % 5 != 0) continue;
                    link = LinkMachine.Heard(link, Beat(link), now);
                    heard = now;
                }
            },
            iter: 500);

    [Fact]
    public void M1_7_What_is_said_in_the_name_of_another_generation_or_ping_is_refused()
    {
        var link = LinkMachine.Tick(Opened, Start).State;
        var old = Assert.Throws<TidegateException>(() => LinkMachine.Heard(link, Beat(link) with { Generation = 6 }, Start));
        Assert.Equal(ErrorCodes.InvalidState, old.Code);
        Assert.Throws<TidegateException>(() => LinkMachine.Heard(link, Beat(link, 2), Start));
        Assert.Throws<TidegateException>(() => LinkMachine.Heard(link, Beat(link, 0), Start));
    }

    [Fact]
    public void M1_7_A_holder_that_nobody_confirms_must_look_after_its_lease()
    {
        var over = Start + WakeShards.LeaseTerm;
        var link = Opened with { HeardAt = over };
        Assert.True(LinkMachine.Tick(link, over).IsLeaseOver);
        Assert.False(LinkMachine.Tick(LinkMachine.LeaseRenewed(link, Start.AddSeconds(1)), over).IsLeaseOver);
    }
}
