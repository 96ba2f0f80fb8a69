namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>
/// How fast a gateway may use its uplink (M1.10), all its volumes together: rates in bytes a second, null for unlimited, 0 for paused,
/// otherwise <see cref="MinBytesPerSecond"/> to <see cref="MaxBytesPerSecond"/>.
/// </summary>
/// <param name="UploadBytesPerSecond">For segments on their way to the service, outside of all windows.</param>
/// <param name="DownloadBytesPerSecond">For restoring in the background, outside of all windows; what a host waits for is never held back.</param>
/// <param name="TimeZone">What the windows go by: an IANA zone or an offset such as <c>+05:30</c>; empty for the gateway's own zone.</param>
/// <param name="Windows">Parts of the week with other rates, at most <see cref="MaxWindows"/>; where several overlap the first one counts.</param>
[GenerateSerializer, Immutable, Alias("tidegate.bandwidth-limits")]
public sealed record BandwidthLimits(
    [property: Id(0)] long? UploadBytesPerSecond,
    [property: Id(1)] long? DownloadBytesPerSecond,
    [property: Id(2)] string TimeZone,
    [property: Id(3)] IReadOnlyList<BandwidthWindow> Windows)
{
    /// <summary>Lowest rate that is not a pause: below it a segment would take hours.</summary>
    public const long MinBytesPerSecond = 8 << 10;

    /// <summary>Highest rate; more is unlimited.</summary>
    public const long MaxBytesPerSecond = 1L << 40;

    /// <summary>Most windows.</summary>
    public const int MaxWindows = 32;

    /// <summary>Nothing is limited.</summary>
    public static BandwidthLimits Unlimited { get; } = new(null, null, "", []);

    /// <inheritdoc />
    public bool Equals(BandwidthLimits? other) =>
        other is not null && UploadBytesPerSecond == other.UploadBytesPerSecond && DownloadBytesPerSecond == other.DownloadBytesPerSecond
        && TimeZone == other.TimeZone && Windows.SequenceEqual(other.Windows);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(UploadBytesPerSecond, DownloadBytesPerSecond, TimeZone, Windows.Count);
}
