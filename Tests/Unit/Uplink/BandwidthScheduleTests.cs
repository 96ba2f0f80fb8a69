using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Gateways;
using Xunit;

namespace Tidegate.Tests.Unit.Uplink;

/// <summary>Which rate holds when (M1.10).</summary>
public sealed class BandwidthScheduleTests
{
    private const long Inside = 1_000_000;
    private const long Outside = 2_000_000;

    [Theory]
    // Friday 22:00 to Saturday 06:00, and nothing else.
    [InlineData("2026-07-03T21:59:59Z", false)]
    [InlineData("2026-07-03T22:00:00Z", true)]
    [InlineData("2026-07-04T05:59:59Z", true)]
    [InlineData("2026-07-04T06:00:00Z", false)]
    [InlineData("2026-07-03T05:00:00Z", false)]
    [InlineData("2026-07-04T22:30:00Z", false)]
    public void A_window_past_midnight_belongs_to_the_day_on_which_it_begins(string at, bool isInside) =>
        Expect(isInside, at, "UTC", new BandwidthWindow(WeekDays.Friday, 22 * 60, 6 * 60, Inside, Inside));

    [Theory]
    [InlineData("2026-07-05T23:59:59Z", false)]
    [InlineData("2026-07-06T00:00:00Z", true)]
    [InlineData("2026-07-06T23:59:59Z", true)]
    [InlineData("2026-07-07T00:00:00Z", false)]
    public void A_whole_day_ends_at_its_midnight(string at, bool isInside)
    {
        Expect(isInside, at, "UTC", new BandwidthWindow(WeekDays.Monday, 0, 24 * 60, Inside, Inside));
        Expect(isInside, at, "UTC", new BandwidthWindow(WeekDays.Monday, 0, 12 * 60, Inside, Inside), new BandwidthWindow(WeekDays.Monday, 12 * 60, 24 * 60, Inside, Inside));
    }

    /// <summary>In Zurich the hour from 2 to 3 is left out on 29 March 2026 and comes twice on 25 October.</summary>
    [Theory]
    [InlineData("2026-03-29T00:29:59Z", false)]
    [InlineData("2026-03-29T00:30:00Z", true)]
    [InlineData("2026-03-29T00:59:59Z", true)]
    [InlineData("2026-03-29T01:00:00Z", true)]
    [InlineData("2026-03-29T01:29:59Z", true)]
    [InlineData("2026-03-29T01:30:00Z", false)]
    [InlineData("2026-10-24T23:29:59Z", false)]
    [InlineData("2026-10-24T23:30:00Z", true)]
    [InlineData("2026-10-25T00:30:00Z", true)]
    [InlineData("2026-10-25T01:30:00Z", true)]
    [InlineData("2026-10-25T02:29:59Z", true)]
    [InlineData("2026-10-25T02:30:00Z", false)]
    public void Windows_go_by_the_clock_on_the_wall_over_both_changes_of_it(string at, bool isInside) =>
        Expect(isInside, at, "Europe/Zurich", new BandwidthWindow(WeekDays.Sunday, 90, 210, Inside, Inside));

    [Theory]
    // 02:15 to 02:45: never on the day that leaves the hour out, twice on the day that has it twice.
    [InlineData("2026-03-29T00:59:59Z", false)]
    [InlineData("2026-03-29T01:00:00Z", false)]
    [InlineData("2026-10-25T00:14:59Z", false)]
    [InlineData("2026-10-25T00:15:00Z", true)]
    [InlineData("2026-10-25T00:45:00Z", false)]
    [InlineData("2026-10-25T01:15:00Z", true)]
    [InlineData("2026-10-25T01:45:00Z", false)]
    public void A_window_within_the_changed_hour_is_in_force_as_often_as_the_clock_shows_it(string at, bool isInside) =>
        Expect(isInside, at, "Europe/Zurich", new BandwidthWindow(WeekDays.Sunday, 135, 165, Inside, Inside));

    [Theory]
    [InlineData("+05:30", "2026-07-06T02:29:59Z", false)]
    [InlineData("+05:30", "2026-07-06T02:30:00Z", true)]
    [InlineData("-08:00", "2026-07-06T15:59:59Z", false)]
    [InlineData("-08:00", "2026-07-06T16:00:00Z", true)]
    public void An_offset_is_a_zone_without_changes(string zone, string at, bool isInside) =>
        Expect(isInside, at, zone, new BandwidthWindow(WeekDays.Monday, 8 * 60, 9 * 60, Inside, Inside));

    [Fact]
    public void Of_windows_that_overlap_the_first_counts_and_each_direction_has_its_rate()
    {
        var schedule = Schedule("UTC", new BandwidthWindow(WeekDays.All, 0, 60, 0, null), new BandwidthWindow(WeekDays.All, 0, 24 * 60, Inside, 7));
        Assert.Equal((0L, (long?)null), (schedule.UploadAt(At("2026-07-06T00:30:00Z")), schedule.DownloadAt(At("2026-07-06T00:30:00Z"))));
        Assert.Equal((Inside, 7L), (schedule.UploadAt(At("2026-07-06T01:00:00Z")), schedule.DownloadAt(At("2026-07-06T01:00:00Z"))));
    }

    private static void Expect(bool isInside, string at, string zone, params BandwidthWindow[] windows) =>
        Assert.Equal(isInside ? Inside : Outside, Schedule(zone, windows).UploadAt(At(at)));

    private static BandwidthSchedule Schedule(string zone, params BandwidthWindow[] windows) =>
        new(new BandwidthLimits(Outside, Outside, zone, windows), ScheduleZone.Find(zone)!);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
