namespace Tidegate.Client.Rest.Models;

/// <summary>
/// How fast a gateway may use its uplink, all its volumes together: <c>PUT /v1/gateways/{id}/bandwidth</c>. Rates are bytes a second, absent for
/// unlimited, 0 for paused.
/// </summary>
/// <param name="UploadBytesPerSecond">Outside of all windows.</param>
/// <param name="DownloadBytesPerSecond">For restoring in the background, outside of all windows.</param>
/// <param name="TimeZone">What the windows go by: an IANA zone or an offset such as <c>+02:00</c>; absent for the gateway's own.</param>
/// <param name="Windows">Parts of the week with other rates, at most 32; the first that fits counts.</param>
public sealed record BandwidthView(
    long? UploadBytesPerSecond = null,
    long? DownloadBytesPerSecond = null,
    string? TimeZone = null,
    IReadOnlyList<BandwidthWindowView>? Windows = null);
