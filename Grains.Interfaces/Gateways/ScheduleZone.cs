using System.Globalization;

namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Time zones as schedules name them: IANA zones, <c>UTC</c>, and offsets such as <c>+05:30</c> or <c>-08:00</c>, up to 14 hours.</summary>
public static class ScheduleZone
{
    private static readonly TimeSpan Most = TimeSpan.FromHours(14);

    /// <summary>The zone, or null for a text that names none, here at least: machines differ in the zones that they know.</summary>
    public static TimeZoneInfo? Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text is ['+' or '-', .. var offset])
        {
            if (!TimeSpan.TryParseExact(offset, @"hh\:mm", CultureInfo.InvariantCulture, out var ahead) || ahead > Most) return null;
            return TimeZoneInfo.CreateCustomTimeZone(text, text[0] == '-' ? -ahead : ahead, text, text);
        }
        return text.Length > 0 && TimeZoneInfo.TryFindSystemTimeZoneById(text, out var zone) && (zone.HasIanaId || zone == TimeZoneInfo.Utc) ? zone : null;
    }
}
