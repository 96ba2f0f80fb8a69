using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Link;

/// <summary>How long an agent waits before it connects again.</summary>
public sealed class ReconnectScheduleTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ReconnectSchedule _schedule;

    public ReconnectScheduleTests() => _schedule = new ReconnectSchedule(_time);

    [Fact]
    public void A_sound_link_is_replaced_at_once_and_a_short_one_is_not()
    {
        Assert.Equal(TimeSpan.Zero, _schedule.AfterLink(ReconnectSchedule.Sound));
        Assert.InRange(_schedule.AfterLink(ReconnectSchedule.Sound - TimeSpan.FromTicks(1)).TotalSeconds, 0.125, 0.25);
        Assert.InRange(_schedule.AfterLink(TimeSpan.Zero).TotalSeconds, 0.25, 0.5);
        Assert.Equal(2, _schedule.Failures);
        Assert.Equal(TimeSpan.Zero, _schedule.AfterLink(TimeSpan.FromDays(1)));
        Assert.Equal(0, _schedule.Failures);
    }

    [Fact]
    public void M1_9_For_fifteen_seconds_after_a_loss_it_asks_every_second_and_then_ever_more_rarely()
    {
        _schedule.AfterLink(TimeSpan.FromMinutes(1));
        var (lost, attempts) = (_time.GetUtcNow(), 0);
        while (_time.GetUtcNow() - lost < TimeSpan.FromSeconds(15))
        {
            var wait = _schedule.AfterFailure(refused: false);
            Assert.InRange(wait.TotalSeconds, 0.125, 1);
            _time.Advance(wait);
            attempts++;
        }
        Assert.True(attempts >= 15);
        Assert.InRange(_schedule.AfterFailure(refused: false).TotalSeconds, 4, 8);
    }

    [Fact]
    public void An_agent_that_was_never_linked_spaces_its_attempts_out()
    {
        foreach (var longest in new[] { 0.25, 0.5, 1, 2, 4, 8, 8, 8 })
            Assert.InRange(_schedule.AfterFailure(refused: false).TotalSeconds, longest / 2, longest);
    }

    [Fact]
    public void A_refused_agent_asks_once_a_minute_in_the_end()
    {
        _schedule.AfterLink(TimeSpan.FromMinutes(1));
        for (var number = 0; number < 8; number++) _schedule.AfterFailure(refused: true);
        Assert.InRange(_schedule.AfterFailure(refused: true).TotalSeconds, 30, 60);
    }
}
