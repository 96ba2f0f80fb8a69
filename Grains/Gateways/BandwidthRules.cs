using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Gateways;

/// <summary>What <see cref="BandwidthLimits"/> a caller may set.</summary>
internal static class BandwidthRules
{
    private const int MinutesPerDay = 24 * 60;

    /// <summary>The limits if everything in them is in range; throws <c>InvalidArgument</c> otherwise.</summary>
    public static BandwidthLimits Check(BandwidthLimits limits)
    {
        CheckRate(limits.UploadBytesPerSecond);
        CheckRate(limits.DownloadBytesPerSecond);
        Arguments.Text(limits.TimeZone, "time zone", 64);
        if (limits.TimeZone.Length > 0 && ScheduleZone.Find(limits.TimeZone) is null)
            throw Arguments.Invalid($"'{limits.TimeZone}' is neither an IANA time zone, such as Europe/Zurich, nor an offset, such as +02:00.");
        if (limits.Windows.Count > BandwidthLimits.MaxWindows) throw Arguments.Invalid($"A schedule has at most {BandwidthLimits.MaxWindows} windows.");
        foreach (var window in limits.Windows)
        {
            if (window.Days == WeekDays.None || (window.Days & ~WeekDays.All) != 0) throw Arguments.Invalid("Every window of a schedule names the days on which it begins.");
            if (window.FromMinute is < 0 or >= MinutesPerDay || window.ToMinute is < 1 or > MinutesPerDay)
                throw Arguments.Invalid("A window begins between 00:00 and 23:59, and ends between 00:01 and 24:00.");
            CheckRate(window.UploadBytesPerSecond);
            CheckRate(window.DownloadBytesPerSecond);
        }

        return limits with { Windows = [.. limits.Windows] };
    }

    private static void CheckRate(long? bytesPerSecond)
    {
        if (bytesPerSecond is null or 0 or (>= BandwidthLimits.MinBytesPerSecond and <= BandwidthLimits.MaxBytesPerSecond)) return;
        throw Arguments.Invalid(
            $"A rate is {BandwidthLimits.MinBytesPerSecond} to {BandwidthLimits.MaxBytesPerSecond} bytes a second, 0 for paused, or left out for unlimited; {bytesPerSecond} is none of them.");
    }
}
