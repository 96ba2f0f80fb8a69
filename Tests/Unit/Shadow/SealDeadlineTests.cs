using Tidegate.GatewayAgent.Shadow;
using Xunit;

namespace Tidegate.Tests.Unit.Shadow;

/// <summary>When age cuts a segment.</summary>
public sealed class SealDeadlineTests
{
    [Fact]
    public void A_quarter_of_the_objective_is_left_for_the_way_while_it_is_quick()
    {
        var deadline = new SealDeadline(TimeSpan.FromSeconds(60));
        Assert.Equal((45.0, 1.0), (deadline.Age.TotalSeconds, deadline.Quiet.TotalSeconds));
        deadline.Took(TimeSpan.FromSeconds(7));
        Assert.Equal(45, deadline.Age.TotalSeconds);
    }

    [Fact]
    public void A_slow_way_is_left_twice_the_time_that_it_takes_and_is_forgotten_by_and_by()
    {
        var deadline = new SealDeadline(TimeSpan.FromSeconds(60));
        deadline.Took(TimeSpan.FromSeconds(20));
        Assert.Equal(20, deadline.Age.TotalSeconds);
        // An outage: there is no time to lose, but segments are not cut to nothing.
        deadline.Took(TimeSpan.FromHours(1));
        Assert.Equal(6, deadline.Age.TotalSeconds);
        for (var commits = 0; commits < 60; commits++) deadline.Took(TimeSpan.FromSeconds(1));
        Assert.Equal(45, deadline.Age.TotalSeconds);
    }

    [Theory]
    [InlineData(1, 0.75, 0.25)]
    [InlineData(86400, 64800, 1440)]
    public void The_whole_range_of_objectives_has_its_deadlines(int seconds, double age, double quiet)
    {
        var deadline = new SealDeadline(TimeSpan.FromSeconds(60)) { Objective = SealDeadline.Of(seconds) };
        Assert.Equal((age, quiet), (deadline.Age.TotalSeconds, deadline.Quiet.TotalSeconds));
    }

    [Fact]
    public void What_is_not_configured_is_a_minute() => Assert.Equal(TimeSpan.FromSeconds(60), SealDeadline.Of(0));
}
