using System.Text.Json.Serialization;

namespace Tidegate.Client.Rest.Models;

/// <summary>A part of the week with rates of its own, by the clock on the wall of the schedule's zone.</summary>
/// <param name="Days">Days on which it begins: <c>monday</c> to <c>sunday</c>.</param>
/// <param name="From">When it begins, <c>HH:MM</c>.</param>
/// <param name="To">When it ends, <c>HH:MM</c> up to <c>24:00</c>; at or before <paramref name="From"/> it ends on the next day.</param>
/// <param name="UploadBytesPerSecond">As in <see cref="BandwidthView"/>.</param>
/// <param name="DownloadBytesPerSecond">As in <see cref="BandwidthView"/>.</param>
public sealed record BandwidthWindowView(
    IReadOnlyList<string> Days,
    string From,
    string To,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? UploadBytesPerSecond,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? DownloadBytesPerSecond);
