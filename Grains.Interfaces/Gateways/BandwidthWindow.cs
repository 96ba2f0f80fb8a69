namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>
/// A part of the week with rates of its own. It goes by the clock on the wall of the schedule's zone: in the hour that daylight saving
/// skips nothing is in force of it, and what it has of the hour that comes twice is in force twice.
/// </summary>
/// <param name="Days">Days on which it begins; at least one.</param>
/// <param name="FromMinute">Minute of the day at which it begins, 0 to 1439.</param>
/// <param name="ToMinute">Minute of the day before which it ends, 1 to 1440; at or below <paramref name="FromMinute"/> it ends on the next day.</param>
/// <param name="UploadBytesPerSecond">As in <see cref="BandwidthLimits"/>.</param>
/// <param name="DownloadBytesPerSecond">As in <see cref="BandwidthLimits"/>.</param>
[GenerateSerializer, Immutable, Alias("tidegate.bandwidth-window")]
public sealed record BandwidthWindow(
    [property: Id(0)] WeekDays Days,
    [property: Id(1)] int FromMinute,
    [property: Id(2)] int ToMinute,
    [property: Id(3)] long? UploadBytesPerSecond,
    [property: Id(4)] long? DownloadBytesPerSecond);
