using Tidegate.Client.Grain.Agents;
using Tidegate.GatewayAgent.Activation;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Activation;

public sealed class ActivationMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly ActivationClaim Claim = new("123456789012", "gw-0123456789abcdef0123", "site", "UTC");

    [Fact]
    public void The_eleven_steps_in_order()
    {
        var machine = Machine();
        Assert.Equal(new ActivationStep(ActivationAction.OpenSession, TimeSpan.Zero), machine.Next(Start, TimeSpan.Zero));
        machine.SessionOpened(Session(Start.AddMinutes(30)), Start);
        Assert.Equal("KEY", machine.ShownKey(Start));
        Assert.Equal(new ActivationStep(ActivationAction.Poll, TimeSpan.FromSeconds(2)), machine.Next(Start, TimeSpan.Zero));
        machine.StillPending(Start);
        machine.Claimed(Claim);
        Assert.Null(machine.ShownKey(Start));
        Assert.Equal(ActivationAction.RequestCertificate, machine.Next(Start, TimeSpan.Zero).Action);
        machine.CertificateStored();
        Assert.Equal(ActivationAction.Finish, machine.Next(Start, TimeSpan.Zero).Action);
    }

    [Fact]
    public void A_key_disappears_at_its_end_and_one_more_poll_decides_before_a_new_one()
    {
        var machine = Machine();
        machine.SessionOpened(Session(Start.AddMinutes(30)), Start);
        var end = Start.AddMinutes(30);
        Assert.Equal("KEY", machine.ShownKey(end.AddTicks(-1)));
        Assert.Null(machine.ShownKey(end));
        // Claimed in the last second: the claim must not be lost.
        Assert.Equal(new ActivationStep(ActivationAction.Poll, TimeSpan.Zero), machine.Next(end, TimeSpan.Zero));
        machine.StillPending(end);
        Assert.Equal(ActivationAction.OpenSession, machine.Next(end, TimeSpan.Zero).Action);
    }

    [Fact]
    public void A_poll_never_sleeps_past_the_end_of_the_key()
    {
        var machine = Machine();
        machine.SessionOpened(Session(Start.AddMinutes(30)), Start);
        Assert.Equal(TimeSpan.FromSeconds(1), machine.Next(Start.AddMinutes(30).AddSeconds(-1), TimeSpan.Zero).Delay);
    }

    [Fact]
    public void A_service_that_cannot_be_reached_at_the_end_is_asked_until_its_own_limit()
    {
        var machine = Machine();
        machine.SessionOpened(Session(Start.AddMinutes(30)), Start);
        Assert.Equal(ActivationAction.Poll, machine.Next(Start.AddMinutes(44), TimeSpan.FromSeconds(20)).Action);
        Assert.Equal(ActivationAction.OpenSession, machine.Next(Start.AddMinutes(45), TimeSpan.FromSeconds(20)).Action);
    }

    [Theory]
    [InlineData(-120)]
    [InlineData(120)]
    public void A_clock_that_is_wrong_by_hours_still_shows_a_key_for_a_while_and_not_for_ever(int minutes)
    {
        var machine = Machine();
        machine.SessionOpened(Session(Start.AddMinutes(30 + minutes)), Start);
        Assert.Equal("KEY", machine.ShownKey(Start.AddSeconds(30)));
        Assert.Null(machine.ShownKey(Start + ActivationMachine.MaxAdvertisement));
    }

    [Fact]
    public void A_restarted_agent_asks_at_once_what_happened_meanwhile()
    {
        var before = Machine();
        before.SessionOpened(Session(Start.AddMinutes(30)), Start);
        var after = new ActivationMachine(before.Progress, static t => t);
        Assert.Equal(new ActivationStep(ActivationAction.Poll, TimeSpan.Zero), after.Next(Start.AddMinutes(1), TimeSpan.Zero));
        Assert.Equal("KEY", after.ShownKey(Start.AddMinutes(1)));
    }

    [Fact]
    public void A_claim_survives_a_restart_and_any_failure_but_the_services_own_word()
    {
        var machine = Machine();
        machine.SessionOpened(Session(Start.AddMinutes(30)), Start);
        machine.Claimed(Claim);
        var restarted = new ActivationMachine(machine.Progress, static t => t);
        Assert.False(restarted.Refused(ErrorCodes.Unavailable));
        Assert.False(restarted.Refused(ErrorCodes.RateLimited));
        Assert.Equal(ActivationAction.RequestCertificate, restarted.Next(Start.AddHours(1), TimeSpan.Zero).Action);
        Assert.True(restarted.Refused(ErrorCodes.ActivationKeyExpired));
        Assert.Equal(ActivationAction.OpenSession, restarted.Next(Start.AddHours(1), TimeSpan.Zero).Action);
    }

    [Fact]
    public void Progress_prints_without_the_key()
    {
        var machine = Machine();
        machine.SessionOpened(Session(Start.AddMinutes(30)), Start);
        Assert.DoesNotContain("KEY", machine.Progress.ToString(), StringComparison.Ordinal);
    }

    private static ActivationMachine Machine()
    {
        var machine = new ActivationMachine(null, static t => t);
        return machine;
    }

    private static ActivationSessionReply Session(DateTimeOffset until) => new("KEY", "session", until, 2);
}
