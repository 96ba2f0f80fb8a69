using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Gateways;
using Xunit;

namespace Tidegate.Tests.Unit.Uplink;

/// <summary>M2.10: alarms are raised, kept and cleared each at its own mark. One reading is one second.</summary>
public sealed class AlarmMachineTests
{
    private static readonly VolumeReading Quiet = new(TimeSpan.Zero, TimeSpan.FromSeconds(60), 0, 1000, 0, 0, IsHeldBack: false, IsPaused: false);
    private readonly AlarmMachine _machine = new();

    [Fact]
    public void M2_10_A_recovery_point_older_than_its_objective_raises_and_four_fifths_of_it_clear()
    {
        Expect(VolumeAlarms.None, Quiet with { Age = TimeSpan.FromSeconds(60) });
        Expect(VolumeAlarms.RecoveryPointOld, Quiet with { Age = TimeSpan.FromSeconds(60.1) });
        Expect(VolumeAlarms.RecoveryPointOld, Quiet with { Age = TimeSpan.FromSeconds(49) });
        Expect(VolumeAlarms.None, Quiet with { Age = TimeSpan.FromSeconds(48) });
        Expect(VolumeAlarms.None, Quiet with { Age = TimeSpan.FromSeconds(59) });
        Expect(VolumeAlarms.RecoveryPointOld, Quiet with { Age = TimeSpan.FromSeconds(59), Objective = TimeSpan.FromSeconds(10) });
    }

    [Fact]
    public void M2_10_A_log_that_fills_raises_two_marks_and_clears_each_a_step_below()
    {
        Expect(VolumeAlarms.None, Filled(699));
        Expect(VolumeAlarms.LogFilling, Filled(700));
        Expect(VolumeAlarms.LogFilling | VolumeAlarms.LogNearlyFull, Filled(900));
        Expect(VolumeAlarms.LogFilling | VolumeAlarms.LogNearlyFull, Filled(801));
        Expect(VolumeAlarms.LogFilling, Filled(799));
        Expect(VolumeAlarms.LogFilling, Filled(601));
        Expect(VolumeAlarms.None, Filled(599));
        Expect(VolumeAlarms.None, Filled(699));
    }

    [Fact]
    public void M2_10_A_drain_that_commits_nothing_for_the_objective_and_a_minute_is_stalled_until_it_commits()
    {
        var waiting = Quiet with { BacklogBytes = 10, WrittenEnd = 10 };
        for (var second = 0; second < 120; second++) Expect(VolumeAlarms.None, waiting);
        Expect(VolumeAlarms.DrainStalled, waiting);
        Expect(VolumeAlarms.DrainStalled, waiting);
        Expect(VolumeAlarms.None, waiting with { CommittedEnd = 1 });
        for (var second = 0; second < 300; second++) Expect(VolumeAlarms.None, waiting with { CommittedEnd = 1 + second });
        for (var second = 0; second < 300; second++) Expect(VolumeAlarms.None, waiting with { IsPaused = true });
        for (var second = 0; second < 300; second++) Expect(VolumeAlarms.None, Quiet);
    }

    [Fact]
    public void M2_10_A_limit_below_what_hosts_write_is_told_after_a_minute_and_cleared_when_it_suffices()
    {
        var (written, committed) = (0L, 0L);
        for (var second = 0; second < 60; second++) Expect(VolumeAlarms.None, Next(20, 10, isHeldBack: true));
        Expect(VolumeAlarms.UplinkTooSlow, Next(20, 10, isHeldBack: true));
        // It hovers: what is written is about what is committed.
        for (var second = 0; second < 100; second++) Expect(VolumeAlarms.UplinkTooSlow, Next(10, 10, isHeldBack: true));
        // Hosts have stopped and the rest goes up.
        var cleared = -1;
        for (var second = 0; second < 60 && cleared < 0; second++)
        {
            if (_machine.Judge(Next(0, 10, isHeldBack: true)) == VolumeAlarms.None) cleared = second;
        }
        Assert.InRange(cleared, 20, 40);

        VolumeReading Next(int more, int gone, bool isHeldBack)
        {
            (written, committed) = (written + more, committed + gone);
            return Quiet with { BacklogBytes = Math.Min(500, written - committed + 1), WrittenEnd = written, CommittedEnd = committed, IsHeldBack = isHeldBack };
        }
    }

    [Fact]
    public void A_backlog_without_a_limit_is_no_slow_uplink()
    {
        for (var second = 0L; second < 300; second++) Expect(VolumeAlarms.None, Quiet with { BacklogBytes = 500, WrittenEnd = 20 * second, CommittedEnd = 10 * second });
    }

    private static VolumeReading Filled(int bytes) => Quiet with { BacklogBytes = bytes, WrittenEnd = bytes, IsPaused = true };

    private void Expect(VolumeAlarms expected, VolumeReading reading)
    {
        Assert.Equal(expected, _machine.Judge(reading));
        Assert.Equal(expected, _machine.Raised);
    }
}
