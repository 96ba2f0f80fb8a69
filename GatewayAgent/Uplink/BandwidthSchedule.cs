using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Uplink;

/// <summary>The rates of a gateway's <see cref="BandwidthLimits"/> at a time. Pure.</summary>
/// <param name="limits">What was configured.</param>
/// <param name="zone">What its windows go by.</param>
internal sealed class BandwidthSchedule(BandwidthLimits limits, TimeZoneInfo zone)
{
    private const int MinutesPerDay = 24 * 60;

    /// <summary>Nothing is limited.</summary>
    public static readonly BandwidthSchedule Unlimited = new(BandwidthLimits.Unlimited, TimeZoneInfo.Utc);

    /// <summary>Bytes a second for segments: null for unlimited, 0 for none.</summary>
    public long? UploadAt(DateTimeOffset time) => WindowAt(time) is { } window ? window.UploadBytesPerSecond : limits.UploadBytesPerSecond;

    /// <summary>Bytes a second for restoring in the background: null for unlimited, 0 for none.</summary>
    public long? DownloadAt(DateTimeOffset time) => WindowAt(time) is { } window ? window.DownloadBytesPerSecond : limits.DownloadBytesPerSecond;

    private BandwidthWindow? WindowAt(DateTimeOffset time)
    {
        if (limits.Windows.Count == 0) return null;
        var local = TimeZoneInfo.ConvertTime(time, zone);
        var minute = (int)local.TimeOfDay.TotalMinutes;
        var (today, yesterday) = (DayOf(local.DayOfWeek), DayOf(local.AddDays(-1).DayOfWeek));
        return limits.Windows.FirstOrDefault(window => window.ToMinute > window.FromMinute
            ? window.Days.HasFlag(today) && minute >= window.FromMinute && minute < window.ToMinute
            : (window.Days.HasFlag(today) && minute >= window.FromMinute) || (window.Days.HasFlag(yesterday) && minute < window.ToMinute % MinutesPerDay));
    }

    private static WeekDays DayOf(DayOfWeek day) => (WeekDays)(1 << (((int)day + 6) % 7));
}
