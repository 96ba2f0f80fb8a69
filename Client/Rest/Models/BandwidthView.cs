using System.Text.Json.Serialization;

namespace Tidegate.Client.Rest.Models;

/// <summary>
/// How fast a gateway may use its uplink, all its volumes together: <c>PUT /v1/gateways/{id}/bandwidth</c>. Rates are bytes a second, null for
/// unlimited, 0 for paused; each has to be there, so that a member misspelt is not taken for no limit.
/// </summary>
/// <param name="UploadBytesPerSecond">Outside of all windows.</param>
/// <param name="DownloadBytesPerSecond">For restoring in the background, outside of all windows.</param>
/// <param name="Windows">Parts of the week with other rates, at most 32; the first that fits counts.</param>
/// <param name="TimeZone">What the windows go by: an IANA zone or an offset such as <c>+02:00</c>; absent for the gateway's own.</param>
public sealed record BandwidthView(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? UploadBytesPerSecond,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? DownloadBytesPerSecond,
    IReadOnlyList<BandwidthWindowView> Windows,
    string? TimeZone = null)
{
    /// <summary>Nothing is limited.</summary>
    public static BandwidthView Unlimited { get; } = new(null, null, []);
}
