using System.Globalization;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Silo.Api;

/// <summary>Bandwidth limits between the grains' form and the API's.</summary>
internal static class BandwidthViews
{
    private static readonly WeekDays[] Days =
        [WeekDays.Monday, WeekDays.Tuesday, WeekDays.Wednesday, WeekDays.Thursday, WeekDays.Friday, WeekDays.Saturday, WeekDays.Sunday];

    public static BandwidthView Of(BandwidthLimits limits) => new(
        limits.UploadBytesPerSecond, limits.DownloadBytesPerSecond,
        [.. limits.Windows.Select(static window => new BandwidthWindowView(
            [.. Days.Where(day => window.Days.HasFlag(day)).Select(Name)], Clock(window.FromMinute), Clock(window.ToMinute),
            window.UploadBytesPerSecond, window.DownloadBytesPerSecond))],
        limits.TimeZone.Length > 0 ? limits.TimeZone : null);

    /// <summary>Throws <c>InvalidArgument</c> for days and times that are none; ranges are the grain's to check.</summary>
    public static BandwidthLimits Of(BandwidthView view) => new(
        view.UploadBytesPerSecond, view.DownloadBytesPerSecond, view.TimeZone ?? "",
        [.. view.Windows.Select(static window => window is null ? throw Invalid("A window is null.", "Leave it out, or say its days and times.") : new BandwidthWindow(
            window.Days.Aggregate(WeekDays.None, static (days, name) => days | Day(name)), Minute(window.From), Minute(window.To),
            window.UploadBytesPerSecond, window.DownloadBytesPerSecond))]);

    private static string Name(WeekDays day) => day.ToString().ToLowerInvariant();

    private static WeekDays Day(string name) => Array.Find(Days, day => string.Equals(Name(day), name, StringComparison.OrdinalIgnoreCase)) is var day and not WeekDays.None
        ? day
        : throw Invalid($"'{name}' is no day of the week.", "Give days as monday to sunday.");

    private static string Clock(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");

    private static int Minute(string? text)
    {
        if (text is [_, _, ':', _, _] && int.TryParse(text.AsSpan(0, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            && int.TryParse(text.AsSpan(3, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) && minutes < 60
            && (hours < 24 || (hours, minutes) == (24, 0)))
        {
            return hours * 60 + minutes;
        }

        throw Invalid($"'{text}' is no time of day.", "Give times as HH:MM, 00:00 to 24:00.");
    }

    private static TidegateException Invalid(string what, string next) => new(ErrorCodes.InvalidArgument, what, next);
}
