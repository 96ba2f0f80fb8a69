using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

/// <summary>M2.10: the alarms of a gateway's volumes as the service keeps them.</summary>
public sealed class AlarmRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly GatewayState Connected = new()
    {
        AccountId = "123456789012",
        IsConnected = true,
        Generation = 1,
        LastSeenAt = Start,
        Volumes = [.. Enumerable.Range(0, 5).Select(i => new VolumeAttachment($"vol-{i}", "data", 4096, "") { RecoveryPointObjectiveSeconds = 10 * i })],
    };

    [Fact]
    public void M2_10_What_the_agent_reports_is_taken_over_once_with_its_events()
    {
        var raised = AlarmRules.Reported(Connected, [Status(1, VolumeAlarms.LogFilling)], Start);
        Assert.Equal(new RaisedAlarms("vol-1", VolumeAlarms.LogFilling, Start), Assert.Single(raised.Next!.Alarms));
        Assert.Equal(["gateway.alarm-raised"], raised.Events.Select(e => e.Kind));
        Assert.False(AlarmRules.IsNews(raised.Next, [Status(1, VolumeAlarms.LogFilling), Status(2, VolumeAlarms.None)]));
        Assert.Null(AlarmRules.Reported(raised.Next, [Status(1, VolumeAlarms.LogFilling)], Start).Next);

        var other = AlarmRules.Reported(raised.Next, [Status(1, VolumeAlarms.DrainStalled)], Start.AddSeconds(5));
        Assert.Equal(["gateway.alarm-raised", "gateway.alarm-cleared"], other.Events.Select(e => e.Kind));
        var cleared = AlarmRules.Reported(other.Next!, [Status(1, VolumeAlarms.None)], Start.AddSeconds(6));
        Assert.Empty(cleared.Next!.Alarms);
        Assert.Equal(["gateway.alarm-cleared"], cleared.Events.Select(e => e.Kind));
    }

    [Fact]
    public void What_an_agent_says_of_volumes_that_it_has_not_or_of_alarms_that_nobody_knows_is_left()
    {
        Assert.False(AlarmRules.IsNews(Connected, [Status(9, VolumeAlarms.LogFilling), Status(1, (VolumeAlarms)1024)]));
        Assert.Null(AlarmRules.Reported(Connected, [Status(9, VolumeAlarms.LogFilling), Status(1, (VolumeAlarms)1024)], Start).Next);
    }

    [Fact]
    public void However_many_change_at_once_the_outbox_has_room_and_the_rest_comes_with_the_next_report()
    {
        var all = Enumerable.Range(0, 5).Select(i => Status(i, VolumeAlarms.LogFilling)).ToArray();
        var first = AlarmRules.Reported(Connected, all, Start);
        Assert.Equal(3, first.Events.Length);
        Assert.True(AlarmRules.IsNews(first.Next!, all));
        Assert.Equal(5, AlarmRules.Reported(first.Next!, all, Start).Next!.Alarms.Length);
        var entry = new OutboxEntry(1, "a", "1", "k", Start, "a", "", [], []);
        var crowded = Connected with { Outbox = new OutboxState { Pending = [.. Enumerable.Repeat(entry, OutboxMachine.MaxPending / 2)] } };
        Assert.Null(AlarmRules.Reported(crowded, all, Start).Next);
    }

    [Fact]
    public void M2_10_While_the_gateway_is_away_each_volume_has_its_alarm_when_its_last_known_point_is_older_than_its_objective()
    {
        var reported = new[] { Status(1, VolumeAlarms.None, age: 4), Status(2, VolumeAlarms.None, age: double.NaN), Status(3, VolumeAlarms.RecoveryPointOld, age: 31) };
        var state = AlarmRules.Reported(Connected, reported, Start).Next!;
        state = GatewayMachine.LinkLost(state, 1, "test", Start.AddSeconds(9), reported, Start).Next!;
        // vol-1 has 10 s, and its point was 4 s old.
        Assert.Equal(Start.AddSeconds(6), AlarmRules.NextAt(state));
        Assert.Null(AlarmRules.Aged(state, Start.AddSeconds(5.9)).Next);
        var aged = AlarmRules.Aged(state, Start.AddSeconds(6));
        Assert.Contains("the gateway is away", aged.Events.Single().Change!.ToString(), StringComparison.Ordinal);
        state = aged.Next!;
        Assert.Equal(Start.AddSeconds(20), AlarmRules.NextAt(state));
        // vol-0 has the default of a minute.
        state = AlarmRules.Aged(state, Start.AddSeconds(60)).Next!;
        Assert.Equal(5, state.Alarms.Count(entry => entry.Alarms == VolumeAlarms.RecoveryPointOld));
        Assert.Null(AlarmRules.NextAt(state));

        // It is back: what it says counts again.
        var back = GatewayMachine.LinkOpened(state with { CreatedAt = Start }, new LinkHello("c", "1.0.0", "i", 0), 2, false, Start.AddSeconds(90)).Next!;
        Assert.Null(AlarmRules.NextAt(back));
        Assert.Null(AlarmRules.Aged(back, Start.AddDays(1)).Next);
        Assert.Equal(2, AlarmRules.Reported(back, [Status(0, VolumeAlarms.None), Status(1, VolumeAlarms.None), Status(2, VolumeAlarms.None)], Start).Next!.Alarms.Length);
    }

    [Fact]
    public void Without_a_report_a_recovery_point_is_as_old_as_the_link_and_a_volume_that_leaves_takes_its_alarms_along()
    {
        var state = GatewayMachine.LinkLost(Connected, 1, "its holder is gone", Start.AddSeconds(100)).Next!;
        state = AlarmRules.Aged(state, Start.AddSeconds(100)).Next!;
        Assert.Equal(3, state.Alarms.Length);
        state = GatewayMachine.DetachVolume(state, state.Alarms[0].VolumeId).Next!;
        Assert.Equal((2, 4), (state.Alarms.Length, state.LastPoints.Length));
        Assert.Empty(GatewayMachine.Deactivate(state, Start).Next!.Alarms);
    }

    private static VolumeStatus Status(int volume, VolumeAlarms alarms, double age = 0) =>
        new($"vol-{volume}", VolumeRunState.Shadowing, "", 0, age, [], 0, 0) { Alarms = alarms };
}
